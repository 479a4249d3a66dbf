// SPDX-License-Identifier: MIT
#include "lab/prove/proof.h"

#include <algorithm>

#include "lab/judged.h"

namespace ringfence::lab::prove {

bool Proof::is_broken() const {
    return std::ranges::any_of(runs,
                               [](const WatchedRun& run) { return run.violation_count != 0; }) ||
           std::ranges::any_of(injected,
                               [](const InjectedRun& run) { return !run.result.holds(); });
}

/// A run without an entry into user mode, or one that failed and broke no rule.
bool Proof::is_open() const {
    const bool nothing = runs.empty() && injected.empty() && mutations.empty();
    return nothing ||
           std::ranges::any_of(runs,
                               [](const WatchedRun& run) {
                                   return run.violation_count == 0 &&
                                          (run.user_entries == 0 || !run.problem.empty());
                               }) ||
           std::ranges::any_of(mutations,
                               [](const MutationResult& result) { return !result.is_caught(); });
}

int exit_status(const Proof& proof) {
    return proof.is_broken() ? status_does_not_hold
           : proof.is_open() ? status_cannot_be_told
                             : status_holds;
}

}  // namespace ringfence::lab::prove
