// SPDX-License-Identifier: MIT
// A run without events: what there is to interrupt in it, and states from which others go on.
#pragma once

#include <vector>

#include "lab/prove/inject.h"
#include "lab/prove/injected_run.h"
#include "lab/prove/kernel_paths.h"
#include "lab/prove/place.h"

namespace ringfence::lab::prove {

struct CalmRun {
    std::vector<SavedRun> saved{};   ///< the first one when user mode begins
    std::vector<u64> checkpoints{};  ///< when each of them was saved (place.h)
    Occurrences occurrences{};
    RunEnd end;
    u64 last_instruction = 0;  ///< how many had retired at the end
    std::vector<std::string> findings{};
};

/// Boots, and begins with a timer interrupt from user mode: no short program could wait for one.
/// Throws Failure::Own if the run does not end by itself with the program's status.
[[nodiscard]] CalmRun run_calm(const InjectionPlan& plan, const KernelPaths& paths);

/// The steps of the way of an event of `kind` that comes at `at`, where that is in the paths.
[[nodiscard]] Occurrences record_way(const CalmRun& calm, EventKind kind, const Occurrence& at,
                                     const KernelPaths& paths, u8 timer_vector);

}  // namespace ringfence::lab::prove
