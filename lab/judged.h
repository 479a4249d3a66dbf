// SPDX-License-Identifier: MIT
// The exit statuses of the verbs that judge isolation.
#pragma once

#include <span>

namespace ringfence::lab {

inline constexpr int status_holds = 0;
inline constexpr int status_does_not_hold = 2;
inline constexpr int status_cannot_be_told = 3;

enum class Answer {
    Holds,
    DoesNotHold,
    CannotBeTold,
};

/// What a run says of isolation, and whether its design was isolated.
struct JudgedRun {
    bool isolated;
    Answer answer;
};

/// That it does not hold for a run of the isolated design, or of the only design that was asked
/// for; else that it cannot be told if it cannot be for any run; else that it holds.
[[nodiscard]] int exit_status(std::span<const JudgedRun> runs);

}  // namespace ringfence::lab
