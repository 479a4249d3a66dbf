// SPDX-License-Identifier: MIT
#include "lab/gdb/packet.h"

#include <utility>

#include "lab/gdb/hex.h"

namespace ringfence::lab::gdb {

namespace {

constexpr char start_mark = '$';
constexpr char end_mark = '#';
constexpr char escape_mark = '}';
constexpr char repeat_mark = '*';
constexpr char interrupt_byte = 0x03;
constexpr u8 escape_flip = 0x20;

bool needs_escape(char letter) {
    return letter == start_mark || letter == end_mark || letter == escape_mark ||
           letter == repeat_mark;
}

}  // namespace

void PacketReader::add(std::string_view bytes) {
    for (const char letter : bytes) {
        take(letter);
    }
}

std::optional<Arrival> PacketReader::next() {
    if (arrivals_.empty()) {
        return std::nullopt;
    }
    Arrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    return arrival;
}

void PacketReader::take(char letter) {
    switch (state_) {
        case State::Idle:
            take_idle(letter);
            break;
        case State::Payload:
        case State::Escaped:
            take_payload(letter);
            break;
        case State::FirstDigit:
            first_digit_ = letter;
            state_ = State::SecondDigit;
            break;
        case State::SecondDigit:
            finish(letter);
            break;
    }
}

void PacketReader::take_idle(char letter) {
    if (letter == start_mark) {
        state_ = State::Payload;
        payload_.clear();
        sum_ = 0;
        length_ = 0;
    } else if (letter == interrupt_byte) {
        arrivals_.push_back({Arrival::Kind::Interrupt});
    } else if (letter == '+') {
        arrivals_.push_back({Arrival::Kind::Accepted});
    } else if (letter == '-') {
        arrivals_.push_back({Arrival::Kind::Refused});
    }
    // Anything else between packets is noise.
}

void PacketReader::take_payload(char letter) {
    if (letter == end_mark) {
        state_ = State::FirstDigit;
    } else if (letter == start_mark) {
        take_idle(letter);  // the packet before was cut off
    } else if (state_ == State::Escaped) {
        append(letter, static_cast<u8>(letter) ^ escape_flip);
        state_ = State::Payload;
    } else if (letter == escape_mark) {
        sum_ = static_cast<u8>(sum_ + static_cast<u8>(letter));
        ++length_;
        state_ = State::Escaped;
    } else {
        append(letter, static_cast<u8>(letter));
    }
}

void PacketReader::append(char letter, u8 unescaped) {
    sum_ = static_cast<u8>(sum_ + static_cast<u8>(letter));
    if (++length_ <= longest_packet) {
        payload_.push_back(static_cast<char>(unescaped));
    }
}

void PacketReader::finish(char second_digit) {
    state_ = State::Idle;
    const auto high = hex_digit(first_digit_);
    const auto low = hex_digit(second_digit);
    const bool whole = high && low && (*high << 4 | *low) == sum_ && length_ <= longest_packet;
    if (whole) {
        arrivals_.push_back({Arrival::Kind::Packet, std::exchange(payload_, {})});
    } else {
        arrivals_.push_back({Arrival::Kind::Damaged});
    }
}

std::string frame(std::string_view payload) {
    std::string packet(1, start_mark);
    for (const char letter : payload) {
        if (needs_escape(letter)) {
            packet.push_back(escape_mark);
            packet.push_back(static_cast<char>(static_cast<u8>(letter) ^ escape_flip));
        } else {
            packet.push_back(letter);
        }
    }
    u8 sum = 0;
    for (const char letter : std::string_view(packet).substr(1)) {
        sum = static_cast<u8>(sum + static_cast<u8>(letter));
    }
    packet.push_back(end_mark);
    append_hex(packet, sum);
    return packet;
}

}  // namespace ringfence::lab::gdb
