// SPDX-License-Identifier: MIT
// Integer vector arithmetic, comparison and logic. Each function is the operation of the
// instruction that it is named after; `V` is Mmx or Xmm. [intel/vol2]: under each name
#pragma once

#include <algorithm>

#include "sim/isa/x86/simd_lanes.h"

namespace ringfence::sim::isa::x86::simd {

template <typename T, typename V>
V padd(V a, V b) {
    return from_lanes<V>(lanes<T>(a) + lanes<T>(b));
}
template <typename T, typename V>
V psub(V a, V b) {
    return from_lanes<V>(lanes<T>(a) - lanes<T>(b));
}
/// PADDS and PADDUS: with saturation to the range of `T`.
template <typename T, typename V>
V padds(V a, V b) {
    return map<T>(a, b, [](T x, T y) { return saturate<T>(i64{x} + y); });
}
template <typename T, typename V>
V psubs(V a, V b) {
    return map<T>(a, b, [](T x, T y) { return saturate<T>(i64{x} - y); });
}
template <typename T, typename V>
V pavg(V a, V b) {
    return map<T>(a, b, [](T x, T y) { return (u32{x} + y + 1) >> 1; });
}
template <typename T, typename V>
V pmax(V a, V b) {
    return map<T>(a, b, [](T x, T y) { return std::max(x, y); });
}
template <typename T, typename V>
V pmin(V a, V b) {
    return map<T>(a, b, [](T x, T y) { return std::min(x, y); });
}
template <typename T, typename V>
V pcmpeq(V a, V b) {
    return from_lanes<V>(lanes<T>(a) == lanes<T>(b));
}
template <typename T, typename V>
V pcmpgt(V a, V b) {
    return from_lanes<V>(lanes<T>(a) > lanes<T>(b));
}

template <typename V>
V pand(V a, V b) {
    return from_lanes<V>(lanes<u64>(a) & lanes<u64>(b));
}
template <typename V>
V pandn(V a, V b) {
    return from_lanes<V>(~lanes<u64>(a) & lanes<u64>(b));
}
template <typename V>
V por(V a, V b) {
    return from_lanes<V>(lanes<u64>(a) | lanes<u64>(b));
}
template <typename V>
V pxor(V a, V b) {
    return from_lanes<V>(lanes<u64>(a) ^ lanes<u64>(b));
}

/// PMULLW and PMULLD: the low half of each product.
template <typename T, typename V>
V pmull(V a, V b) {
    return from_lanes<V>(lanes<T>(a) * lanes<T>(b));
}
template <typename V>
V pmulhw(V a, V b) {
    return map<i16>(a, b, [](i16 x, i16 y) { return (i32{x} * y) >> 16; });
}
template <typename V>
V pmulhuw(V a, V b) {
    return map<u16>(a, b, [](u16 x, u16 y) { return (u32{x} * y) >> 16; });
}
template <typename V>
V pmulhrsw(V a, V b) {
    return map<i16>(a, b, [](i16 x, i16 y) { return (((i32{x} * y) >> 14) + 1) >> 1; });
}
/// PMULUDQ and PMULDQ: the full products of the even 32-bit lanes.
template <typename T, typename V>
V pmul_even(V a, V b) {
    using Wide = typename Widened<T>::Type;
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<Wide, V>([&](int i) { return Wide{x[2 * i]} * Wide{y[2 * i]}; });
}
template <typename V>
V pmaddwd(V a, V b) {
    const auto x = lanes<i16>(a);
    const auto y = lanes<i16>(b);
    return build<u32, V>([&](int i) {
        const i32 even = i32{x[2 * i]} * y[2 * i];
        const i32 odd = i32{x[2 * i + 1]} * y[2 * i + 1];
        return static_cast<u32>(even) + static_cast<u32>(odd);
    });
}
/// Unsigned bytes of the destination times signed bytes of the source.
template <typename V>
V pmaddubsw(V a, V b) {
    const auto x = lanes<u8>(a);
    const auto y = lanes<i8>(b);
    return build<i16, V>(
        [&](int i) { return saturate<i16>(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]); });
}
template <typename V>
V psadbw(V a, V b) {
    const auto x = lanes<u8>(a);
    const auto y = lanes<u8>(b);
    return build<u64, V>([&](int i) {
        u64 sum = 0;
        for (int k = 8 * i; k < 8 * i + 8; ++k) {
            sum += static_cast<u64>(std::abs(x[k] - y[k]));
        }
        return sum;
    });
}

template <typename T, typename V>
V pabs(V, V b) {
    using Unsigned = std::make_unsigned_t<T>;
    return map<T>(b, b, [](T x, T) {
        return x < 0 ? static_cast<Unsigned>(0 - static_cast<Unsigned>(x))
                     : static_cast<Unsigned>(x);
    });
}
template <typename T, typename V>
V psign(V a, V b) {
    using Unsigned = std::make_unsigned_t<T>;
    return map<T>(a, b, [](T x, T y) -> Unsigned {
        const auto negated = static_cast<Unsigned>(0 - static_cast<Unsigned>(x));
        return y == 0 ? Unsigned{0} : (y < 0 ? negated : static_cast<Unsigned>(x));
    });
}

/// A horizontal operation: pairs of the destination fill the low half, of the source the high.
template <typename T, typename V, typename F>
V pairwise(V a, V b, F&& f) {
    constexpr int half = lane_count<T, V> / 2;
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<T, V>([&](int i) {
        return i < half ? f(x[2 * i], x[2 * i + 1]) : f(y[2 * (i - half)], y[2 * (i - half) + 1]);
    });
}
template <typename T, typename V>
V phadd(V a, V b) {
    return pairwise<T>(a, b, [](T x, T y) { return x + y; });
}
template <typename T, typename V>
V phsub(V a, V b) {
    return pairwise<T>(a, b, [](T x, T y) { return x - y; });
}
template <typename V>
V phaddsw(V a, V b) {
    return pairwise<i16>(a, b, [](i16 x, i16 y) { return saturate<i16>(i64{x} + y); });
}
template <typename V>
V phsubsw(V a, V b) {
    return pairwise<i16>(a, b, [](i16 x, i16 y) { return saturate<i16>(i64{x} - y); });
}

/// The smallest word and its index in the low 32 bits.
inline Xmm phminposuw(Xmm, Xmm b) {
    const auto x = lanes<u16>(b);
    int index = 0;
    for (int i = 1; i < 8; ++i) {
        index = x[i] < x[index] ? i : index;
    }
    return {.low = u64{x[index]} | static_cast<u64>(index) << 16, .high = 0};
}

/// Eight sums of four absolute differences; imm8[1:0] picks four bytes of the source, imm8[2] where
/// the eleven bytes of the destination start.
inline Xmm mpsadbw(Xmm a, Xmm b, u8 imm) {
    const auto x = lanes<u8>(a);
    const auto y = lanes<u8>(b);
    const int from_a = (imm & 4) != 0 ? 4 : 0;
    const int from_b = (imm & 3) * 4;
    return build<u16, Xmm>([&](int i) {
        int sum = 0;
        for (int k = 0; k < 4; ++k) {
            sum += std::abs(x[from_a + i + k] - y[from_b + k]);
        }
        return sum;
    });
}

/// A shift of each lane by the same count; counts past the lane's width empty it, or fill it with
/// the sign for an arithmetic shift.
template <typename T, typename V>
V psll(V a, u64 count) {
    if (count >= sizeof(T) * 8) {
        return V{};
    }
    return from_lanes<V>(lanes<T>(a) << static_cast<T>(count));
}
template <typename T, typename V>
V psrl(V a, u64 count) {
    if (count >= sizeof(T) * 8) {
        return V{};
    }
    return from_lanes<V>(lanes<T>(a) >> static_cast<T>(count));
}
/// `T` is signed.
template <typename T, typename V>
V psra(V a, u64 count) {
    const u64 most = sizeof(T) * 8 - 1;
    return from_lanes<V>(lanes<T>(a) >> static_cast<T>(std::min(count, most)));
}

inline u64 shift_count(Mmx b) {
    return b.bits;
}
inline u64 shift_count(Xmm b) {
    return b.low;
}

}  // namespace ringfence::sim::isa::x86::simd
