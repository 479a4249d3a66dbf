// SPDX-License-Identifier: MIT
#include "lab/suite/workload.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace ringfence::lab::suite {

std::string_view kind_name(Kind kind) {
    constexpr std::array<std::string_view, kind_count> names = {"compute", "mixed", "kernel",
                                                                "loopback"};
    return names[static_cast<usize>(kind)];
}

std::string sample_text(u64 bytes) {
    constexpr std::array<std::string_view, 16> words = {
        "open",  "close", "read",   "write", "accepted", "refused", "user",    "from",
        "cache", "miss",  "commit", "index", "session",  "timeout", "request", "done"};
    constexpr u32 multiplier = 1'664'525;  // Knuth's and Lewis's quick generator
    constexpr u32 increment = 1'013'904'223;
    constexpr unsigned high_bits = 16;  // the low ones repeat soon
    std::string text;
    text.reserve(bytes + 128);
    u32 state = 1;
    const auto next = [&](u32 below) {
        state = state * multiplier + increment;
        return (state >> high_bits) % below;
    };
    for (u64 line = 1; text.size() < bytes; ++line) {
        fmt::format_to(std::back_inserter(text), "{:07} host{:02}", line, next(40));
        for (u32 left = 3 + next(6); left > 0; --left) {
            fmt::format_to(std::back_inserter(text), " {}", words[next(words.size())]);
        }
        fmt::format_to(std::back_inserter(text), " {}\n", next(60'000));
    }
    text.resize(bytes);
    return text;
}

}  // namespace ringfence::lab::suite
