// SPDX-License-Identifier: MIT
// What looks at a guest while events are injected, and has something to say if anything is wrong.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/machine/backend.h"

namespace ringfence::lab::prove {

/// One for each run; used by one thread at a time.
class Watcher : public machine::Spectator {
public:
    /// One of the same past, not attached yet: for a run that goes on from this moment. Threads may
    /// call it at the same time.
    [[nodiscard]] virtual std::unique_ptr<Watcher> copy() const = 0;
    /// What is wrong, a line each.
    [[nodiscard]] virtual std::vector<std::string> findings() const = 0;
};

/// Makes one for a machine that has not run yet.
using MakeWatcher = std::function<std::unique_ptr<Watcher>()>;

}  // namespace ringfence::lab::prove
