// SPDX-License-Identifier: MIT
#include "guest/attacks/byte_reader.h"

#include <algorithm>
#include <array>

namespace attacks {

ByteGuess read_byte(TransientReader& reader, const CovertChannel& channel,
                    const std::uint8_t* victim, bool victim_is_readable, unsigned most_attempts) {
    constexpr unsigned enough_hits = 2;
    std::array<std::uint32_t, CovertChannel::symbols> hits{};
    ByteGuess guess;
    while (guess.attempts < most_attempts && guess.hits < enough_hits) {
        ++guess.attempts;
        channel.clear();
        reader.attempt({victim, channel.base(), victim_is_readable});
        channel.receive(hits);
        const auto* best = std::max_element(hits.begin() + 1, hits.end());
        guess.hits = *best;
        guess.value = static_cast<std::uint8_t>(best - hits.begin());
    }
    guess.known = guess.hits >= enough_hits;
    return guess;
}

}  // namespace attacks
