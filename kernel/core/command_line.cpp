// SPDX-License-Identifier: MIT
#include "kernel/core/command_line.h"

namespace ringfence::kernel {

namespace {

constexpr std::string_view blanks = " \t\n";

/// Takes the next word off the front of `line`; empty at the end.
std::string_view next_word(std::string_view& line) {
    const auto start = line.find_first_not_of(blanks);
    if (start == std::string_view::npos) {
        line = {};
        return {};
    }
    line.remove_prefix(start);
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

std::optional<std::string_view> find_option(std::string_view line, std::string_view name) {
    std::optional<std::string_view> found;
    for (auto word = next_word(line); !word.empty() && word != "--"; word = next_word(line)) {
        if (!word.starts_with(name)) {
            continue;
        }
        word.remove_prefix(name.size());
        if (word.empty()) {
            found = word;
        } else if (word.front() == '=') {
            found = word.substr(1);
        }
    }
    return found;
}

bool has_flag(std::string_view line, std::string_view name) {
    for (auto word = next_word(line); !word.empty() && word != "--"; word = next_word(line)) {
        if (word == name) {
            return true;
        }
    }
    return false;
}

}  // namespace ringfence::kernel
