// SPDX-License-Identifier: MIT
// What watched runs showed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/comparison.h"
#include "lab/prove/inject.h"
#include "lab/prove/mutation_run.h"
#include "lab/prove/violation.h"

namespace ringfence::lab::prove {

/// A violation with names for its addresses.
struct NamedViolation {
    Violation violation;
    std::string address_name;      ///< empty: none
    std::string instruction_name;  ///< the same
};

struct WatchedRun {
    Setup setup;
    std::string program;  ///< what ran, in a few words
    bool strict = false;  ///< every TLB hit was walked again
    u64 user_entries = 0;
    u64 entries_passed_over = 0;  ///< into programs that were not to be isolated
    u64 instructions = 0;
    u64 violation_count = 0;
    CheckCounts checks{};
    std::vector<NamedViolation> violations;
    /// Why the run did not end as it should; empty if it did.
    std::string problem{};
};

/// Events before each instruction of the ways into the kernel and out of it, in one setup.
struct InjectedRun {
    Setup setup;
    std::string program;
    InjectionResult result;
};

struct Proof {
    std::string manifest;
    std::vector<WatchedRun> runs;
    std::vector<InjectedRun> injected;
    std::vector<MutationResult> mutations;

    /// Whether every run ended well, put the rules to the test and found nothing, every event was
    /// survived and every mutation was noticed.
    [[nodiscard]] bool holds() const { return !is_broken() && !is_open(); }
    /// Whether a rule did not hold, or an event was not survived.
    [[nodiscard]] bool is_broken() const;
    /// Whether a run could not be judged, or a check would not notice what it is for.
    [[nodiscard]] bool is_open() const;
};

/// As of all verbs that judge (lab/judged.h).
[[nodiscard]] int exit_status(const Proof& proof);

}  // namespace ringfence::lab::prove
