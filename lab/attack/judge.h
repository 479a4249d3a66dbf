// SPDX-License-Identifier: MIT
// From what an attack recovered to a verdict. Pure functions: the same evidence, the same verdict.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/types.h"
#include "lab/attack/attack_output.h"
#include "lab/judged.h"

namespace ringfence::lab::attack {

enum class Verdict {
    Leaks,      ///< user mode read the kernel's memory
    Mitigated,  ///< it did not, but the same attack does on this CPU without isolation
    Immune,     ///< it did not, with isolation or without
    Broken,     ///< it cannot be told; the reason says why
};

[[nodiscard]] std::string verdict_name(Verdict verdict);

/// How many of the bytes are right.
struct Tally {
    usize right = 0;
    usize all = 0;
};

[[nodiscard]] Tally tally(std::span<const Guess> guesses, std::span<const u8> truth);

/// What one run showed.
struct Evidence {
    Tally control;
    Tally secret;
    /// Why the attack could not be made at all; then the tallies mean nothing.
    std::string obstacle{};
};

/// At least 999 of 1000 bytes are right: what a channel that works recovers.
[[nodiscard]] bool is_leak(const Tally& tally);

/// The most of `bytes` bytes that guessing gets right: with random bytes from 1 to 255, more than
/// that happens less than once in a million runs.
[[nodiscard]] usize most_by_chance(usize bytes);

struct Judgement {
    Verdict verdict;
    std::string reason;
};

/// Judges a run of the shared design (`shared` is the same run) or of the isolated one (`shared` is
/// the run of the shared design on the same CPU by the same method).
///
/// A control that is no leak, and a secret of which more than chance and less than a leak came out,
/// leave the question open: Broken. So does an isolated run that shows nothing while its shared run
/// is open.
[[nodiscard]] Judgement judge(const Evidence& run, const Evidence& shared);

/// What a verdict says of isolation.
[[nodiscard]] Answer answer_of(Verdict verdict);

}  // namespace ringfence::lab::attack
