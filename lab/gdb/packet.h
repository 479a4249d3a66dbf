// SPDX-License-Identifier: MIT
// Packets of GDB's remote serial protocol as bytes on a line: $payload#checksum, acknowledgements,
// and the one byte that interrupts a run. Nothing here knows what a packet means.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace ringfence::lab::gdb {

/// What a debugger sent.
struct Arrival {
    enum class Kind {
        Packet,     ///< whole, with the right checksum; `payload` is without escapes
        Damaged,    ///< a packet with a wrong checksum, or a longer one than there may be
        Interrupt,  ///< stop a run
        Accepted,   ///< our last packet has arrived
        Refused,    ///< our last packet must be sent again
    };
    Kind kind;
    std::string payload{};
};

/// Takes packets out of a stream of bytes, whatever the bytes are and however they are cut. Holds
/// no more than one packet's bytes of what is not complete.
class PacketReader {
public:
    /// In bytes, escapes counted twice. What we tell debuggers in PacketSize.
    static constexpr usize longest_packet = 16 * 1024;

    void add(std::string_view bytes);
    /// The next arrival, in order.
    [[nodiscard]] std::optional<Arrival> next();

private:
    enum class State { Idle, Payload, Escaped, FirstDigit, SecondDigit };

    void take(char letter);
    void take_idle(char letter);
    void take_payload(char letter);
    void append(char letter, u8 unescaped);
    void finish(char second_digit);

    State state_ = State::Idle;
    std::string payload_;
    u8 sum_ = 0;
    usize length_ = 0;  ///< of the payload as it was sent
    char first_digit_ = 0;
    std::deque<Arrival> arrivals_;
};

/// The payload as a packet: escaped, framed, with its checksum.
[[nodiscard]] std::string frame(std::string_view payload);

}  // namespace ringfence::lab::gdb
