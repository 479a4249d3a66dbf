// SPDX-License-Identifier: MIT
// The same choices for the same seed, on any system.
#pragma once

#include <cstdint>

namespace endurance {

/// SplitMix64.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    /// 0 to `limit` - 1.
    uint64_t below(uint64_t limit) { return next() % limit; }
    bool one_in(uint64_t count) { return below(count) == 0; }
    /// One of an array's elements.
    template <typename T, unsigned long size>
    const T& of(const T (&choices)[size]) {
        return choices[below(size)];
    }

private:
    uint64_t state_;
};

/// A seed of its own for part `part` of what `seed` stands for.
inline uint64_t seed_of_part(uint64_t seed, uint64_t part) {
    return Random(seed ^ (part * 0xd6e8feb86659fd93)).next();
}

}  // namespace endurance
