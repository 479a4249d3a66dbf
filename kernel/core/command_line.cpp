// SPDX-License-Identifier: MIT
#include "kernel/core/command_line.h"

#include "base/types.h"

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

/// What follows `name` in `word` if that is the option's word: nothing, or "=" and its value.
std::optional<std::string_view> rest_of_option(std::string_view word, std::string_view name) {
    if (!word.starts_with(name)) {
        return std::nullopt;
    }
    word.remove_prefix(name.size());
    return word.empty() || word.front() == '=' ? std::optional(word) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> find_option(std::string_view line, std::string_view name) {
    std::optional<std::string_view> found;
    for (auto word = next_word(line); !word.empty() && word != "--"; word = next_word(line)) {
        if (const auto rest = rest_of_option(word, name)) {
            found = rest->substr(rest->empty() ? 0 : 1);
        }
    }
    return found;
}

std::string_view remove_option(std::span<char> line, std::string_view name) {
    std::string_view unread(line.data(), line.size());
    char* end = line.data();
    const auto keep = [&](std::string_view text) {
        __builtin_memmove(end, text.data(), text.size());
        end += text.size();
    };
    while (!unread.empty()) {
        const std::string_view from_here = unread;
        const std::string_view word = next_word(unread);
        if (word.empty() || word == "--") {
            keep(from_here);
            break;
        }
        if (!rest_of_option(word, name)) {
            keep(from_here.substr(0, from_here.size() - unread.size()));
        }
    }
    return {line.data(), static_cast<usize>(end - line.data())};
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
