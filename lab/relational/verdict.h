// SPDX-License-Identifier: MIT
// Whether what user mode can find out by time depends on the kernel's secret: no exploit, no
// threshold, no noise.
#pragma once

#include <optional>
#include <string>

#include "lab/judged.h"
#include "lab/relational/chain.h"
#include "lab/relational/comparison.h"

namespace ringfence::lab::relational {

enum class Verdict {
    Equal,    ///< both runs were the same in everything that is compared
    Differs,  ///< they were not
    Broken,   ///< it cannot be told; the reason says why
};
[[nodiscard]] std::string verdict_name(Verdict verdict);

struct Judgement {
    Verdict verdict = Verdict::Broken;
    std::string reason;
};

/// Pure: the same results, the same verdict. `control` is of memory that the attacker may read: if
/// that makes no difference, nothing would, and what is said of the secret says nothing.
[[nodiscard]] Judgement judge(const Comparison& secret, const Comparison& control);

struct Result {
    Judgement judgement;
    std::optional<Moment> moment;  ///< of the secret; without the machine
    Comparison secret;
    Comparison control;
    std::optional<Chain> chain;  ///< if evidence was kept
    bool stopped = false;        ///< a stop request came: the rest means nothing
};

/// Makes both comparisons of an attack. Throws Failure::Own if the machine fails.
[[nodiscard]] Result examine(const machine::MachineRequest& request,
                             const sim::presets::CpuModel& cpu, usize bytes, Keep keep,
                             machine::StopRequest& stop);

/// What a verdict says of isolation.
[[nodiscard]] Answer answer_of(Verdict verdict);

}  // namespace ringfence::lab::relational
