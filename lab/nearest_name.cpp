// SPDX-License-Identifier: MIT
#include "lab/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/types.h"

namespace ringfence::lab {

namespace {

/// Damerau-Levenshtein distance, restricted to swaps of neighbours: three rows of the table at
/// once.
usize distance(std::string_view a, std::string_view b) {
    std::vector<usize> before_last(b.size() + 1);
    std::vector<usize> last(b.size() + 1);
    std::vector<usize> row(b.size() + 1);
    std::iota(last.begin(), last.end(), usize{0});
    for (usize i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (usize k = 1; k <= b.size(); ++k) {
            const usize replaced = last[k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1);
            row[k] = std::min({last[k] + 1, row[k - 1] + 1, replaced});
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                row[k] = std::min(row[k], before_last[k - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view typed,
                                        std::span<const std::string> candidates) {
    std::optional<std::string> best;
    usize fewest = std::max<usize>(2, typed.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const usize changes = distance(typed, candidate);
        if (changes < fewest && changes < candidate.size()) {
            fewest = changes;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string> candidates) {
    const auto name = nearest_name(typed, candidates);
    return name ? fmt::format(", did you mean '{}'?", *name) : std::string();
}

}  // namespace ringfence::lab
