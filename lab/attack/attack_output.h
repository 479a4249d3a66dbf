// SPDX-License-Identifier: MIT
// What guest/attacks/meltdown.cpp prints, as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace ringfence::lab::attack {

/// Cycles of the time-stamp counter.
struct Calibration {
    u64 hit;
    u64 miss;
    u64 threshold;
};

/// One byte that the attacker tried to read.
struct Guess {
    std::optional<u8> value;  ///< nothing: the channel said nothing
    u64 hits;                 ///< attempts that said `value`
    u64 attempts;
};

struct AttackOutput {
    Calibration calibration{};
    /// Empty, as all that follows, when the clock could not tell a cache from memory.
    std::vector<Guess> control;
    std::vector<u8> control_truth;
    std::vector<Guess> secret;
    u64 control_cycles = 0;
    u64 secret_cycles = 0;

    [[nodiscard]] bool has_channel() const { return !control.empty(); }
};

/// The output of an attack on `bytes` bytes; otherwise what is wrong with it, with the line.
[[nodiscard]] Result<AttackOutput, std::string> parse_attack_output(std::string_view text,
                                                                    usize bytes);

}  // namespace ringfence::lab::attack
