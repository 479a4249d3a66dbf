// SPDX-License-Identifier: MIT
// A cell of the attack matrix and what came of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/attack/judge.h"
#include "lab/captured_run.h"
#include "lab/comparison.h"
#include "lab/relational/verdict.h"

namespace ringfence::lab::attack {

enum class Method { Signal, Mispredict, Transactions };

/// "signal", "mispredict", "tsx": as the user and the guest program write it.
[[nodiscard]] std::string method_name(Method method);

struct AttackRun {
    Setup setup;
    Method method;
    bool reported = true;  ///< false for a shared run that only serves the others
    Evidence evidence;
    std::optional<Calibration> calibration;
    std::optional<abi::control::Isolation> isolation;  ///< what the kernel said of itself
    u64 instructions = 0;
    std::optional<u64> cycles;                     ///< of the whole run
    double bytes_per_second = 0;                   ///< right bytes of the secret, in simulated time
    Judgement judgement{Verdict::Broken, {}};      ///< filled when all runs are there
    std::optional<relational::Result> relational;  ///< if it was asked for
};

/// Every design of `setups` by every method. Where the shared design was not asked for, it is
/// there as an unreported reference.
[[nodiscard]] std::vector<AttackRun> make_attack_matrix(const std::vector<Setup>& setups,
                                                        const std::vector<Method>& methods);

/// Fills the run's results from what the guest did. Throws Failure::Own if that makes no sense.
void take_results(AttackRun& run, const CapturedRun& guest, const std::string& secret,
                  u64 clock_hz);

/// Fills in the judgements.
void judge_all(std::vector<AttackRun>& runs);

/// Whether isolation did its work in this run, as observed: "yes", "not needed" (there is nothing
/// to protect from on this CPU), "no" or "unknown".
[[nodiscard]] std::string effectiveness(const AttackRun& run);

}  // namespace ringfence::lab::attack
