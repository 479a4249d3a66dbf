// SPDX-License-Identifier: MIT
#include "sim/state/printable.h"

#include "base/types.h"

namespace ringfence::sim::state {

namespace {

constexpr bool continues(u8 byte) {
    constexpr u8 top_two = 0xc0;
    return (byte & top_two) == 0x80;
}

/// How many bytes of `text` are one character that may be shown; 0 if there is none. Surrogates and
/// overlong forms are refused. [unicode/standard]: 3.9, table 3-7
usize printable_length(std::string_view text) {
    const auto byte = [&](usize i) { return i < text.size() ? static_cast<u8>(text[i]) : u8{0}; };
    const u8 first = byte(0);
    const u8 second = byte(1);
    if (first < 0x80) {
        return first >= 0x20 && first != 0x7f ? 1 : 0;
    }
    if (first < 0xe0) {
        const bool is_control = first == 0xc2 && second < 0xa0;  // U+0080 to U+009F
        return first >= 0xc2 && continues(second) && !is_control ? 2 : 0;
    }
    if (first < 0xf0) {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second >= 0xa0;
        return continues(second) && continues(byte(2)) && !overlong && !surrogate ? 3 : 0;
    }
    const bool overlong = first == 0xf0 && second < 0x90;
    const bool too_high = first > 0xf4 || (first == 0xf4 && second >= 0x90);
    const bool whole = continues(second) && continues(byte(2)) && continues(byte(3));
    return whole && !overlong && !too_high ? 4 : 0;
}

}  // namespace

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const usize length = printable_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const usize length = printable_length(text);
        shown.append(length == 0 ? "?" : text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return shown;
}

}  // namespace ringfence::sim::state
