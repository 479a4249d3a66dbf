// SPDX-License-Identifier: MIT
// A small generator whose whole state is its seed, so that a case is named by two numbers.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::differential {

/// SplitMix64 (Steele, Lea and Flood, 2014).
class Random {
public:
    explicit Random(u64 seed) : state_(seed) {}
    /// The stream of case `index` under `seed`.
    Random(u64 seed, u64 index) : state_(seed * 0x9e37'79b9'7f4a'7c15 ^ index) {
        state_ = next() ^ index << 32;
    }

    u64 next() {
        state_ += 0x9e37'79b9'7f4a'7c15;
        u64 z = state_;
        z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
        return z ^ z >> 31;
    }
    /// 0 to `bound` - 1.
    u64 below(u64 bound) { return next() % bound; }
    /// True in `percent` of 100 cases.
    bool chance(unsigned percent) { return below(100) < percent; }
    void fill(std::span<u8> bytes) {
        for (u8& byte : bytes) {
            byte = static_cast<u8>(next());
        }
    }
    template <typename T, usize Count>
    const T& pick(const T (&values)[Count]) {
        return values[below(Count)];
    }

private:
    u64 state_;
};

}  // namespace ringfence::differential
