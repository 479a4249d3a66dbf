// SPDX-License-Identifier: MIT
#include "lab/gdb/hex.h"

#include <algorithm>
#include <charconv>

#include "lab/machine/bytes.h"

namespace ringfence::lab::gdb {

namespace {

constexpr int base = 16;

}  // namespace

std::optional<u8> hex_digit(char letter) {
    u8 value = 0;
    const auto [end, error] = std::from_chars(&letter, &letter + 1, value, base);
    return error == std::errc{} ? std::optional{value} : std::nullopt;
}

void append_hex(std::string& text, u8 byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
}

std::string to_hex(std::span<const u8> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const u8 byte : bytes) {
        append_hex(text, byte);
    }
    return text;
}

std::string to_hex(std::string_view text) {
    return to_hex(machine::as_span(text));
}

std::optional<std::vector<u8>> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<u8> bytes;
    bytes.reserve(digits.size() / 2);
    for (usize i = 0; i < digits.size(); i += 2) {
        const auto high = hex_digit(digits[i]);
        const auto low = hex_digit(digits[i + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<u8>(*high << 4 | *low));
    }
    return bytes;
}

std::optional<u64> Fields::number() {
    u64 value = 0;
    const char* const start = rest_.data();
    const auto [end, error] = std::from_chars(start, start + rest_.size(), value, base);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    rest_.remove_prefix(static_cast<usize>(end - start));
    return value;
}

bool Fields::take(char letter) {
    return take(std::string_view(&letter, 1));
}

bool Fields::take(std::string_view word) {
    if (!rest_.starts_with(word)) {
        return false;
    }
    rest_.remove_prefix(word.size());
    return true;
}

std::string_view Fields::until(char letter) {
    const usize end = std::min(rest_.find(letter), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
}

}  // namespace ringfence::lab::gdb
