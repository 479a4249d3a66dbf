// SPDX-License-Identifier: MIT
// An owned byte string, always followed by a NUL, and the few text helpers that the kernel needs.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"
#include "kernel/core/containers/vector.h"

namespace ringfence::kernel {

class String {
public:
    String() { bytes_.push_back('\0'); }
    String(std::string_view text) {  // NOLINT(google-explicit-constructor)
        bytes_.reserve(text.size() + 1);
        bytes_.push_back('\0');
        append(text);
    }
    String(const char* text) : String(std::string_view(text)) {}  // NOLINT

    [[nodiscard]] usize size() const { return bytes_.size() - 1; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] const char* c_str() const { return bytes_.data(); }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size()}; }
    operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
    void clear() { *this = String(); }

    /// Room for `size` bytes, so that appending up to that many moves nothing.
    void reserve(usize size) { bytes_.reserve(size + 1); }
    String& append(std::string_view text) {
        bytes_.pop_back();
        if (bytes_.size() + text.size() + 1 > 2 * bytes_.size()) {
            bytes_.reserve(bytes_.size() + text.size() + 1);
        }
        for (const char byte : text) {
            bytes_.push_back(byte);
        }
        bytes_.push_back('\0');
        return *this;
    }
    String& append(char byte) { return append(std::string_view(&byte, 1)); }
    /// Decimal, padded on the left with `fill` to at least `width` characters.
    String& append_decimal(u64 value, usize width = 0, char fill = ' ');
    String& append_signed(i64 value);
    /// Lower-case hexadecimal without a prefix, padded with `fill` to `width`.
    String& append_hex(u64 value, usize width = 0, char fill = '0');
    String& append_octal(u64 value, usize width = 0);
    void resize(usize size) {
        bytes_.pop_back();
        bytes_.resize(size);
        bytes_.push_back('\0');
    }
    [[nodiscard]] char* data() { return bytes_.data(); }

    friend bool operator==(const String& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const String& a, const char* b) { return a.view() == b; }
    friend bool operator==(const String& a, const String& b) { return a.view() == b.view(); }

private:
    String& append_number(u64 value, unsigned base, usize width, char fill);

    Vector<char> bytes_;
};

/// The number that `text` spells in decimal, nothing else beside it; leading zeros are refused so
/// that each number has one spelling.
[[nodiscard]] std::optional<u32> parse_decimal(std::string_view text);

/// `text` without its first `count` bytes; empty if there are not so many.
[[nodiscard]] constexpr std::string_view drop(std::string_view text, usize count) {
    text.remove_prefix(count < text.size() ? count : text.size());
    return text;
}
/// The first `count` bytes of `text`, or all of it.
[[nodiscard]] constexpr std::string_view take(std::string_view text, usize count) {
    text.remove_suffix(count < text.size() ? text.size() - count : 0);
    return text;
}

}  // namespace ringfence::kernel
