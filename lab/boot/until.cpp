// SPDX-License-Identifier: MIT
#include "lab/boot/until.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "lab/error.h"

namespace ringfence::lab::boot {

namespace {

constexpr std::string_view mark_word = "MARK";

/// A number as C writes it: decimal, or hexadecimal after "0x".
std::optional<u64> number_of(std::string_view text) {
    const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    text.remove_prefix(is_hexadecimal ? 2 : 0);
    u64 number = 0;
    constexpr int hexadecimal = 16;
    constexpr int decimal = 10;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number,
                                              is_hexadecimal ? hexadecimal : decimal);
    const bool is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole ? std::optional{number} : std::nullopt;
}

void add_mark(std::string_view option, std::string_view number, Until& until) {
    const auto mark = number_of(number);
    if (!mark || *mark > std::numeric_limits<u32>::max()) {
        fail(Failure::Usage, "{} {}:{}: expected a number of at most 32 bits", option, mark_word,
             number);
    }
    until.marks.push_back(static_cast<u32>(*mark));
}

u64 address_of(std::string_view option, const std::string& word,
               const sim::observe::SymbolTable& symbols) {
    const usize plus = word.find('+');
    const std::string name = word.substr(0, plus);
    const auto offset =
        plus == std::string::npos ? std::optional<u64>{0} : number_of(word.substr(plus + 1));
    if (!offset) {
        fail(Failure::Usage, "{} {}: expected a number behind the +", option, word);
    }
    const auto address = symbols.address_of(name);
    if (!address) {
        fail(Failure::Usage, "{} {}: {}", option, word,
             symbols.empty() ? "the kernel has no symbols; --system-map may name some"
                             : "the kernel has no such symbol");
    }
    return address->value() + *offset;
}

}  // namespace

Until parse_until(std::string_view option, const std::vector<std::string>& words,
                  const std::function<const sim::observe::SymbolTable&()>& symbols) {
    Until until;
    for (const std::string& word : words) {
        if (word == mark_word) {
            until.any_mark = true;
        } else if (word.starts_with(std::string(mark_word) + ":")) {
            add_mark(option, std::string_view(word).substr(mark_word.size() + 1), until);
        } else if (const auto address = number_of(word)) {
            until.addresses.emplace_back(*address);
        } else {
            until.addresses.emplace_back(address_of(option, word, symbols()));
        }
    }
    return until;
}

void MarkWatcher::mark(u32 value) {
    if (until_.any_mark || std::ranges::find(until_.marks, value) != until_.marks.end()) {
        machine_->pause();
    }
}

}  // namespace ringfence::lab::boot
