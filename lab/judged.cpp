// SPDX-License-Identifier: MIT
#include "lab/judged.h"

#include <algorithm>

namespace ringfence::lab {

int exit_status(std::span<const JudgedRun> runs) {
    const bool one_design = std::ranges::all_of(
        runs, [&](const JudgedRun& run) { return run.isolated == runs.front().isolated; });
    bool open = false;
    for (const JudgedRun& run : runs) {
        if (run.answer == Answer::DoesNotHold && (run.isolated || one_design)) {
            return status_does_not_hold;
        }
        open = open || run.answer == Answer::CannotBeTold;
    }
    return open ? status_cannot_be_told : status_holds;
}

}  // namespace ringfence::lab
