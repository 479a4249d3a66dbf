// SPDX-License-Identifier: MIT
// Reads a byte by sending it, at once or bit by bit, again and again until all of it has come.
#pragma once

#include <cstdint>

#include "guest/attacks/covert_channel.h"
#include "guest/attacks/transient_read.h"

namespace attacks {

struct ByteGuess {
    bool known = false;
    std::uint8_t value = 0;
    unsigned hits = 0;  ///< attempts from which it came
    unsigned attempts = 0;
};

/// Where, and what of it, is sent in an attempt.
struct Victim {
    const std::uint8_t* byte;
    bool readable = false;  ///< see Attempt
    Portion portion = Portion::Byte;
};

/// Each portion is tried at most `most_attempts` times. A read that fetched nothing forwards 0, so
/// 0 says nothing: a byte whose value is 0 stays unknown. `window` is the one to begin with, and
/// becomes long if only a long one let the byte come.
[[nodiscard]] ByteGuess read_byte(TransientReader& reader, const CovertChannel& channel,
                                  const Victim& victim, unsigned most_attempts, Window& window);

}  // namespace attacks
