// SPDX-License-Identifier: MIT
// What a fuzzer made up, and what to do when it has found something.
#pragma once

#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace ringfence::fuzz {

/// Bytes, taken from the front; behind the last one are zeroes.
class Input {
public:
    explicit Input(std::span<const u8> bytes) : left_(bytes) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] std::span<const u8> rest() const { return left_; }

    template <std::integral T>
    T take() {
        T value{};
        const auto bytes = take_bytes(sizeof(T));
        if (!bytes.empty()) {
            std::memcpy(&value, bytes.data(), bytes.size());
        }
        return value;
    }
    /// As many as there are of `count`.
    std::span<const u8> take_bytes(usize count) {
        const auto taken = left_.first(count < left_.size() ? count : left_.size());
        left_ = left_.subspan(taken.size());
        return taken;
    }
    /// One of `count` choices, at most 256.
    unsigned choose(usize count) { return static_cast<unsigned>(take<u8>() % count); }
    template <typename Choices>
    const auto& choose_from(const Choices& choices) {
        return choices[choose(std::size(choices))];
    }

private:
    std::span<const u8> left_;
};

/// Something holds, or the input is a finding: says what, and ends the process.
inline void require(bool holds, std::string_view what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
        std::abort();
    }
}

}  // namespace ringfence::fuzz
