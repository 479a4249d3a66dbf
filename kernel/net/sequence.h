// SPDX-License-Identifier: MIT
// TCP sequence numbers: arithmetic modulo 2^32, where "before" means less than half the circle
// away. [rfc/9293] 3.4
#pragma once

#include "base/types.h"

namespace ringfence::kernel::net {

struct Sequence {
    u32 value = 0;

    constexpr bool operator==(const Sequence&) const = default;
    friend constexpr Sequence operator+(Sequence at, u32 count) { return {at.value + count}; }
    constexpr Sequence& operator+=(u32 count) {
        value += count;
        return *this;
    }
    /// Bytes from `from` up to `to`, which is not before it.
    friend constexpr u32 operator-(Sequence to, Sequence from) { return to.value - from.value; }
    [[nodiscard]] constexpr Sequence before_it() const { return {value - 1}; }

    friend constexpr bool operator<(Sequence a, Sequence b) {
        return static_cast<i32>(a.value - b.value) < 0;
    }
    friend constexpr bool operator>(Sequence a, Sequence b) { return b < a; }
    friend constexpr bool operator<=(Sequence a, Sequence b) { return !(b < a); }
    friend constexpr bool operator>=(Sequence a, Sequence b) { return !(a < b); }
};

[[nodiscard]] constexpr Sequence later(Sequence a, Sequence b) {
    return a < b ? b : a;
}

}  // namespace ringfence::kernel::net
