// SPDX-License-Identifier: MIT
#include "kernel/core/containers/string.h"

#include <algorithm>
#include <limits>

namespace ringfence::kernel {

namespace {
constexpr unsigned octal = 8;
constexpr unsigned decimal = 10;
constexpr unsigned hexadecimal = 16;
constexpr usize most_digits = 64;
}  // namespace

String& String::append_number(u64 value, unsigned base, usize width, char fill) {
    char digits[most_digits];
    usize used = 0;
    do {
        digits[used++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (usize i = used; i < width; ++i) {
        append(fill);
    }
    std::reverse(digits, digits + used);
    return append(std::string_view(digits, used));
}

String& String::append_decimal(u64 value, usize width, char fill) {
    return append_number(value, decimal, width, fill);
}

String& String::append_signed(i64 value) {
    if (value >= 0) {
        return append_decimal(static_cast<u64>(value));
    }
    append('-');
    return append_decimal(u64{0} - static_cast<u64>(value));
}

String& String::append_hex(u64 value, usize width, char fill) {
    return append_number(value, hexadecimal, width, fill);
}

String& String::append_octal(u64 value, usize width) {
    return append_number(value, octal, width, '0');
}

std::optional<u32> parse_decimal(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    u64 value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * decimal + static_cast<u64>(c - '0');
        if (value > std::numeric_limits<u32>::max()) {
            return std::nullopt;
        }
    }
    return static_cast<u32>(value);
}

}  // namespace ringfence::kernel
