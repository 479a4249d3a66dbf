// SPDX-License-Identifier: MIT
// Vector instructions that move lanes: pack, unpack, shuffle, align, insert, extend, blend.
// [intel/vol2]: under each name
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/isa/x86/simd_lanes.h"

namespace ringfence::sim::isa::x86::simd {

/// PACKSS and PACKUS: lanes of `From` (signed) saturated to `To`; destination low, source high.
template <typename From, typename To, typename V>
V pack(V a, V b) {
    constexpr int half = lane_count<From, V>;
    const auto x = lanes<From>(a);
    const auto y = lanes<From>(b);
    return build<To, V>([&](int i) { return saturate<To>(i < half ? x[i] : y[i - half]); });
}
template <typename T, typename V>
V punpckl(V a, V b) {
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<T, V>([&](int i) { return i % 2 == 0 ? x[i / 2] : y[i / 2]; });
}
template <typename T, typename V>
V punpckh(V a, V b) {
    constexpr int half = lane_count<T, V> / 2;
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<T, V>([&](int i) { return i % 2 == 0 ? x[half + i / 2] : y[half + i / 2]; });
}

template <typename V>
V pshufb(V a, V b) {
    constexpr int count = lane_count<u8, V>;
    const auto x = lanes<u8>(a);
    const auto y = lanes<u8>(b);
    return build<u8, V>([&](int i) { return (y[i] & 0x80) != 0 ? 0 : x[y[i] % count]; });
}
inline Mmx pshufw(Mmx, Mmx b, u8 imm) {
    const auto x = lanes<u16>(b);
    return build<u16, Mmx>([&](int i) { return x[imm >> (2 * i) & 3]; });
}
inline Xmm pshufd(Xmm, Xmm b, u8 imm) {
    const auto x = lanes<u32>(b);
    return build<u32, Xmm>([&](int i) { return x[imm >> (2 * i) & 3]; });
}
inline Xmm pshuflw(Xmm, Xmm b, u8 imm) {
    const auto x = lanes<u16>(b);
    return build<u16, Xmm>([&](int i) { return i < 4 ? x[imm >> (2 * i) & 3] : x[i]; });
}
inline Xmm pshufhw(Xmm, Xmm b, u8 imm) {
    const auto x = lanes<u16>(b);
    return build<u16, Xmm>([&](int i) { return i < 4 ? x[i] : x[4 + (imm >> (2 * (i - 4)) & 3)]; });
}
inline Xmm shufps(Xmm a, Xmm b, u8 imm) {
    const auto x = lanes<u32>(a);
    const auto y = lanes<u32>(b);
    return build<u32, Xmm>([&](int i) {
        const int from = imm >> (2 * i) & 3;
        return i < 2 ? x[from] : y[from];
    });
}
inline Xmm shufpd(Xmm a, Xmm b, u8 imm) {
    return {.low = (imm & 1) != 0 ? a.high : a.low, .high = (imm & 2) != 0 ? b.high : b.low};
}

/// The bytes of `parts`, one behind the other, from byte `from` on. As bytes in memory: with an
/// index that is out of range for some operands, a vector's lanes are read before it is looked at.
template <typename V, usize count>
V bytes_from(const std::array<V, count>& parts, u64 from) {
    std::array<u8, sizeof(parts)> bytes;
    std::memcpy(bytes.data(), parts.data(), sizeof(parts));
    V result;
    std::memcpy(&result, bytes.data() + std::min<u64>(from, sizeof(parts) - sizeof(V)), sizeof(V));
    return result;
}
/// The destination above the source, moved down by `imm` bytes.
template <typename V>
V palignr(V a, V b, u8 imm) {
    return bytes_from<V, 3>({b, a, V{}}, imm);
}
inline Xmm pslldq(Xmm a, u64 count) {
    return bytes_from<Xmm, 2>({Xmm{}, a}, sizeof(Xmm) - std::min<u64>(count, sizeof(Xmm)));
}
inline Xmm psrldq(Xmm a, u64 count) {
    return bytes_from<Xmm, 2>({a, Xmm{}}, count);
}

/// PMOVSX and PMOVZX: the low lanes of `From`, extended to `To`.
template <typename From, typename To>
Xmm pmovx(Xmm, Xmm b) {
    const auto x = lanes<From>(b);
    return build<To, Xmm>([&](int i) { return To{x[i]}; });
}

/// PINSR, and PEXTR below: lane `imm` modulo the number of lanes.
template <typename T, typename V>
V pinsr(V a, u64 value, u8 imm) {
    auto x = lanes<T>(a);
    x[imm % lane_count<T, V>] = static_cast<T>(value);
    return from_lanes<V>(x);
}
template <typename T, typename V>
u64 pextr(V a, u8 imm) {
    return lanes<T>(a)[imm % lane_count<T, V>];
}

/// The same as `Word`, the type of what it goes to.
template <typename T, typename Word>
Word pextr_as(Xmm a, u8 imm) {
    return static_cast<Word>(pextr<T>(a, imm));
}

/// imm8: source lane in 7:6 (register source), destination lane in 5:4, lanes to clear in 3:0.
inline Xmm insertps(Xmm a, u32 value, u8 imm) {
    auto x = lanes<u32>(a);
    x[imm >> 4 & 3] = value;
    return build<u32, Xmm>([&](int i) { return (imm >> i & 1) != 0 ? 0u : x[i]; });
}

/// The sign bits of the lanes of `T`, lane 0 in bit 0.
template <typename T, typename V>
u64 sign_mask(V a) {
    const auto x = lanes<T>(a);
    u64 mask = 0;
    for (int i = 0; i < lane_count<T, V>; ++i) {
        mask |= static_cast<u64>(x[i] < 0 ? 1 : 0) << i;
    }
    return mask;
}

inline u32 pmovmskb(Xmm a) {
    return static_cast<u32>(sign_mask<i8>(a));
}

/// BLENDPS, BLENDPD, PBLENDW: a set bit of `imm` takes the source's lane.
template <typename T>
Xmm blend(Xmm a, Xmm b, u8 imm) {
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    return build<T, Xmm>([&](int i) { return (imm >> i & 1) != 0 ? y[i] : x[i]; });
}
/// BLENDVPS, BLENDVPD, PBLENDVB: lanes of the mask with the sign bit take the source's.
template <typename T>
Xmm blend_variable(Xmm a, Xmm b, Xmm mask) {
    const auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    const auto m = lanes<T>(mask);
    return build<T, Xmm>([&](int i) { return m[i] < 0 ? y[i] : x[i]; });
}

/// The source as it is: MOVAPS and its like.
template <typename V>
V move(V, V b) {
    return b;
}
inline Xmm movddup(Xmm, Xmm b) {
    return {.low = b.low, .high = b.low};
}
inline Xmm movshdup(Xmm, Xmm b) {
    return pshufd({}, b, 0b11'11'01'01);
}
inline Xmm movsldup(Xmm, Xmm b) {
    return pshufd({}, b, 0b10'10'00'00);
}
inline Xmm movhlps(Xmm a, Xmm b) {
    return {.low = b.high, .high = a.high};
}
inline Xmm movlhps(Xmm a, Xmm b) {
    return {.low = a.low, .high = b.low};
}

}  // namespace ringfence::sim::isa::x86::simd
