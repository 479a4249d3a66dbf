// SPDX-License-Identifier: MIT
#include "sim/isa/x86/sse_arithmetic.h"

#include <array>

namespace ringfence::sim::isa::x86::sse {

namespace {

using soft_float::Exact;
using soft_float::Kind;
using soft_float::u128;
using soft_float::Unpacked;

constexpr unsigned approximation_bits = 12;

/// `value` with its low fraction bits rounded away; a carry moves into the exponent by itself.
u32 shorten(u32 value) {
    constexpr unsigned dropped = soft_float::Format<u32>::precision - approximation_bits;
    constexpr u32 unit = u32{1} << dropped;
    const u32 rounded = value + unit / 2;
    return rounded - rounded % unit;
}

/// Denormal operands and results count as zero whatever MXCSR says.
Environment approximate() {
    return {.denormals_are_zero = true, .flush_to_zero = true};
}

constexpr u32 one = u32{soft_float::Format<u32>::bias} << exponent_shift<u32>;

bool is_ordinary(u32 bits) {
    return is_well_inside(bits);
}

}  // namespace

u32 approximate_reciprocal(u32 a) {
    Environment environment = approximate();
    const u32 exact =
        soft_float::divide<u32>(environment, unpack(environment, one), unpack(environment, a));
    return is_ordinary(exact) ? shorten(exact) : exact;
}

u32 approximate_reciprocal_square_root(u32 a) {
    Environment environment = approximate();
    const u64 root = soft_float::square_root<u64>(environment, unpack(environment, a));
    const u32 exact =
        soft_float::divide<u32>(environment, unpack(environment, one), unpack(environment, root));
    return is_ordinary(exact) ? shorten(exact) : exact;
}

namespace {

/// DPPS by its stages: products, sums of pairs, and the sum. imm8[7:4] selects products.
struct DotProduct {
    std::array<u32, 4> products{};
    std::array<u32, 2> pairs{};

    void multiply(FloatState& state, Xmm a, Xmm b, u8 imm) {
        const auto x = lanes<u32>(a);
        const auto y = lanes<u32>(b);
        for (int i = 0; i < 4; ++i) {
            const bool selected = (imm >> (4 + i) & 1) != 0;
            products[static_cast<usize>(i)] = selected ? Multiply{}(state, x[i], y[i]) : 0;
        }
    }
    void add_pairs(FloatState& state) {
        pairs = {Add{}(state, products[0], products[1]), Add{}(state, products[2], products[3])};
    }
    /// imm8[3:0] selects the lanes that get it.
    [[nodiscard]] Xmm add(FloatState& state, u8 imm) const {
        const u32 sum = Add{}(state, pairs[0], pairs[1]);
        return build<u32, Xmm>([&](int i) { return (imm >> i & 1) != 0 ? sum : 0u; });
    }
};

}  // namespace

Xmm dpps(FloatState& state, Xmm a, Xmm b, u8 imm) {
    DotProduct dot;
    dot.multiply(state, a, b, imm);
    if (!state.end_stage()) {
        return {};
    }
    dot.add_pairs(state);
    return state.end_stage() ? dot.add(state, imm) : Xmm{};
}

Ymm dpps256(FloatState& state, Ymm a, Ymm b, u8 imm) {
    DotProduct low;
    DotProduct high;
    low.multiply(state, a.low, b.low, imm);
    high.multiply(state, a.high, b.high, imm);
    if (!state.end_stage()) {
        return {};
    }
    low.add_pairs(state);
    high.add_pairs(state);
    return state.end_stage() ? Ymm{.low = low.add(state, imm), .high = high.add(state, imm)}
                             : Ymm{};
}

Xmm dppd(FloatState& state, Xmm a, Xmm b, u8 imm) {
    const u64 low = (imm & 0x10) != 0 ? Multiply{}(state, a.low, b.low) : 0;
    const u64 high = (imm & 0x20) != 0 ? Multiply{}(state, a.high, b.high) : 0;
    if (!state.end_stage()) {
        return {};
    }
    const u64 sum = Add{}(state, low, high);
    return {.low = (imm & 1) != 0 ? sum : 0, .high = (imm & 2) != 0 ? sum : 0};
}

Xmm rcpps(Xmm, Xmm b) {
    return map<u32>(b, b, [](u32 x, u32) { return approximate_reciprocal(x); });
}
Xmm rcpss(Xmm a, Xmm b) {
    return with_lane0(a, approximate_reciprocal(lane0<u32>(b)));
}
Xmm rsqrtps(Xmm, Xmm b) {
    return map<u32>(b, b, [](u32 x, u32) { return approximate_reciprocal_square_root(x); });
}
Xmm rsqrtss(Xmm a, Xmm b) {
    return with_lane0(a, approximate_reciprocal_square_root(lane0<u32>(b)));
}

}  // namespace ringfence::sim::isa::x86::sse
