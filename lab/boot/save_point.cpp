// SPDX-License-Identifier: MIT
#include "lab/boot/save_point.h"

#include <algorithm>
#include <charconv>

#include "lab/error.h"

namespace ringfence::lab::boot {

namespace {

constexpr std::string_view input_word = "INPUT";

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

}  // namespace

SavePoint SavePoint::parse(const std::string& typed,
                           const std::function<const sim::observe::SymbolTable&()>& symbols) {
    if (typed == input_word) {
        return {.kind = Kind::Input};
    }
    if (typed.empty() || !std::ranges::all_of(typed, is_digit)) {
        return at(parse_until("--save-at", {typed}, symbols));
    }
    SavePoint point{.kind = Kind::Instructions};
    const auto [end, error] =
        std::from_chars(typed.data(), typed.data() + typed.size(), point.instructions);
    if (error != std::errc{}) {
        fail(Failure::Usage, "--save-at {}: expected a number of at most 64 bits", typed);
    }
    return point;
}

}  // namespace ringfence::lab::boot
