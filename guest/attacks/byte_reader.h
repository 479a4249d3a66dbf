// SPDX-License-Identifier: MIT
// Reads a byte by sending it again and again until the channel has said the same thing twice.
#pragma once

#include <cstdint>

#include "guest/attacks/covert_channel.h"
#include "guest/attacks/transient_read.h"

namespace attacks {

struct ByteGuess {
    bool known = false;
    std::uint8_t value = 0;
    unsigned hits = 0;  ///< attempts that said so
    unsigned attempts = 0;
};

/// A read that fetched nothing forwards 0, so symbol 0 says nothing and is left out: a byte whose
/// value is 0 stays unknown.
[[nodiscard]] ByteGuess read_byte(TransientReader& reader, const CovertChannel& channel,
                                  const std::uint8_t* victim, bool victim_is_readable,
                                  unsigned most_attempts);

}  // namespace attacks
