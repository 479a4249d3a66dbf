// SPDX-License-Identifier: MIT
// Runs the machines on threads of their own while the main thread watches for signals and time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "lab/machine/stop_request.h"

namespace ringfence::lab {

struct Watch {
    std::optional<std::chrono::duration<double>> timeout;
    std::function<void()>
        tick;  ///< called about fifty times a second on the calling thread; may be empty
    /// Called before a second signal ends the process; may be empty.
    std::function<void()> before_abort{};
};

/// Calls `work` on another thread and returns when it has. SIGINT, SIGTERM, SIGHUP and the timeout
/// become stop requests; `work` must end soon after one. A second signal ends the process at once.
/// An exception of `work` is thrown again here.
void supervise(machine::StopRequest& stop, const Watch& watch, const std::function<void()>& work);

/// The exit status that tells a shell why a command stopped: 130, 143, 124 or 141; 0 for
/// StopReason::Left, 125 for StopReason::OutputFailed.
[[nodiscard]] int stop_status(machine::StopReason reason);

}  // namespace ringfence::lab
