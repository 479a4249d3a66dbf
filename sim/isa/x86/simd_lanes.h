// SPDX-License-Identifier: MIT
// MMX and XMM registers seen as vectors of lanes. Portable: the compiler turns the vector types
// into SSE on an x86-64 host and into NEON on an AArch64 host.
#pragma once

#include <array>
#include <bit>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/compiler.h"
#include "base/types.h"
#include "sim/cpu/fpu_state.h"

namespace ringfence::sim::isa::x86 {

using cpu::Xmm;

/// One MMX register, or any 8-byte memory operand of a vector instruction.
struct Mmx {
    u64 bits = 0;

    bool operator==(const Mmx&) const = default;
};

/// One YMM register, or any 32-byte memory operand. Nearly every instruction on it works on the two
/// halves alone, as the instruction on an XMM register does.
struct alignas(32) Ymm {
    Xmm low;
    Xmm high;

    bool operator==(const Ymm&) const = default;
};
static_assert(sizeof(Ymm) == 32);

/// The lanes of a register, lane 0 first, for what goes through memory or crosses halves.
template <typename T, typename V>
using LaneArray = std::array<T, sizeof(V) / sizeof(T)>;

template <typename T, typename V>
LaneArray<T, V> lane_array(const V& value) {
    return std::bit_cast<LaneArray<T, V>>(value);
}

/// A vector of `T` as wide as the register type `V`; lane 0 is the lowest.
template <typename T, typename V>
using Lanes = T __attribute__((vector_size(sizeof(V))));

template <typename T, typename V>
inline constexpr int lane_count = static_cast<int>(sizeof(V) / sizeof(T));

template <typename T, typename V>
Lanes<T, V> lanes(const V& value) {
    return std::bit_cast<Lanes<T, V>>(value);
}

/// The register that holds `vector`.
template <typename V, typename Vector>
V from_lanes(const Vector& vector) {
    return std::bit_cast<V>(vector);
}

template <typename T, typename V, typename F, int... I>
RF_ALWAYS_INLINE V build_each(const F& lane, std::integer_sequence<int, I...>) {
    return from_lanes<V>(Lanes<T, V>{static_cast<T>(lane(I))...});
}

/// The register with each lane of `T` computed from its index. Every index is a constant where
/// `lane` is inlined, so the compiler can see shuffles and vector operations.
template <typename T, typename V, typename F>
RF_ALWAYS_INLINE V build(const F& lane) {
    return build_each<T, V>(lane, std::make_integer_sequence<int, lane_count<T, V>>{});
}

/// The register with each lane of `T` computed from the same lanes of `a` and `b`.
template <typename T, typename V, typename F>
RF_ALWAYS_INLINE V map(const V& a, const V& b, const F& f) {
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<T, V>([&](int i) { return f(x[i], y[i]); });
}

/// `value` clamped to the range of `To`.
template <typename To>
constexpr To saturate(i64 value) {
    constexpr i64 low = std::numeric_limits<To>::min();
    constexpr i64 high = std::numeric_limits<To>::max();
    return static_cast<To>(value < low ? low : (value > high ? high : value));
}

/// Twice as many bits as `T`, of the same signedness.
template <typename T>
struct Widened;
template <>
struct Widened<u8> {
    using Type = u16;
};
template <>
struct Widened<i8> {
    using Type = i16;
};
template <>
struct Widened<u16> {
    using Type = u32;
};
template <>
struct Widened<i16> {
    using Type = i32;
};
template <>
struct Widened<u32> {
    using Type = u64;
};
template <>
struct Widened<i32> {
    using Type = i64;
};

}  // namespace ringfence::sim::isa::x86
