// SPDX-License-Identifier: MIT
#include "lab/prove/place.h"

#include <algorithm>

#include "base/compiler.h"

namespace ringfence::lab::prove {

std::vector<Occurrence> spread(const Occurrences& all, usize most) {
    RF_ASSERT(most != 0);
    std::vector<Occurrence> chosen;
    for (const auto& [place, moments] : all) {
        const usize count = std::min(most, moments.size());
        for (usize i = 0; i < count; ++i) {
            chosen.push_back({moments[spread_index(i, count, moments.size())], place});
        }
    }
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<u64> checkpoints(std::span<const Occurrence> occurrences, u64 first, u64 distance) {
    std::vector<u64> saved{first};
    for (const Occurrence& occurrence : occurrences) {
        const u64 count = occurrence.moment.instructions;
        RF_ASSERT(count >= saved.back());
        if (count - saved.back() > distance) {
            saved.push_back(count);
        }
    }
    return saved;
}

usize nearest_checkpoint(std::span<const u64> checkpoints, const Moment& moment) {
    const auto behind = std::ranges::upper_bound(checkpoints, moment.instructions);
    RF_ASSERT(behind != checkpoints.begin());
    return static_cast<usize>(behind - checkpoints.begin()) - 1;
}

}  // namespace ringfence::lab::prove
