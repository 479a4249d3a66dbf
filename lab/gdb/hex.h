// SPDX-License-Identifier: MIT
// Numbers and bytes as hexadecimal text, as the protocol has them, and a reader of such fields.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace ringfence::lab::gdb {

[[nodiscard]] std::optional<u8> hex_digit(char letter);
/// Two digits.
void append_hex(std::string& text, u8 byte);
/// Two digits a byte, in order.
[[nodiscard]] std::string to_hex(std::span<const u8> bytes);
[[nodiscard]] std::string to_hex(std::string_view text);
/// The reverse; nothing for an odd number of digits, or anything that is none.
[[nodiscard]] std::optional<std::vector<u8>> from_hex(std::string_view digits);

/// Reads a packet from left to right. After the first thing that is not there nothing else is.
class Fields {
public:
    explicit Fields(std::string_view text) : rest_(text) {}

    /// 1 to 16 digits, as many as there are.
    [[nodiscard]] std::optional<u64> number();
    /// Whether `letter` comes next; it is taken then.
    bool take(char letter);
    /// Whether `word` comes next; it is taken then.
    bool take(std::string_view word);
    /// Up to `letter`, which is taken too, or to the end.
    [[nodiscard]] std::string_view until(char letter);
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace ringfence::lab::gdb
