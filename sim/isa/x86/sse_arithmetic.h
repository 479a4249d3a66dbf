// SPDX-License-Identifier: MIT
// Single and double precision arithmetic and comparison of one lane, and how lanes are combined.
// [intel/vol1]: 11.5; [intel/vol2]: under each name
#pragma once

#include <cmath>

#include "sim/isa/x86/sse_environment.h"

namespace ringfence::sim::isa::x86::sse {

using soft_float::Ordering;
using soft_float::QuietNans;

// Lane operations -----------------------------------------------------------------------------

/// A two-operand operation: the host's where it must agree, the exact one elsewhere.
template <typename Bits, auto host, auto soft>
RF_ALWAYS_INLINE Bits binary(FloatState& state, Bits a, Bits b) {
    if (state.host_rounding && is_plain(a) && is_plain(b)) {
        const Bits result = from_host<Bits>(host(to_host(a), to_host(b)));
        if (is_well_inside(result)) {
            return result;
        }
    }
    return soft(state, unpack(state, a), unpack(state, b));
}

struct Add {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        return binary<Bits, [](auto x, auto y) { return x + y; }, soft_float::add<Bits>>(state, a,
                                                                                         b);
    }
};
struct Subtract {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        return binary<Bits, [](auto x, auto y) { return x - y; }, soft_float::subtract<Bits>>(state,
                                                                                              a, b);
    }
};
struct Multiply {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        return binary<Bits, [](auto x, auto y) { return x * y; }, soft_float::multiply<Bits>>(state,
                                                                                              a, b);
    }
};
struct Divide {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        return binary<Bits, [](auto x, auto y) { return x / y; }, soft_float::divide<Bits>>(state,
                                                                                            a, b);
    }
};
struct SquareRoot {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits, Bits b) const {
        if (state.host_rounding && is_plain(b)) {
            const Bits result = from_host<Bits>(std::sqrt(to_host(b)));
            if (is_well_inside(result)) {
                return result;
            }
        }
        return soft_float::square_root<Bits>(state, unpack(state, b));
    }
};

/// How `a` and `b` compare. `quiet` says whether a quiet NaN raises invalid.
template <typename Bits>
Ordering order(FloatState& state, Bits a, Bits b, QuietNans quiet) {
    if (is_plain(a) && is_plain(b)) {
        const auto x = to_host(a);
        const auto y = to_host(b);
        return x < y ? Ordering::Less : (x == y ? Ordering::Equal : Ordering::Greater);
    }
    return soft_float::compare(state, unpack(state, a), unpack(state, b), quiet);
}

/// With DAZ a denormal operand is passed on as zero.
template <typename Bits>
Bits without_denormal(const FloatState& state, Bits a) {
    const bool flush = state.denormals_are_zero && exponent_of(a) == 0;
    return flush ? a & ~(~Bits{0} >> 1) : a;
}

/// MIN and MAX give the second operand unless the first is strictly beyond it.
struct Minimum {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        const bool less = order(state, a, b, QuietNans::Invalid) == Ordering::Less;
        return without_denormal(state, less ? a : b);
    }
};
struct Maximum {
    template <typename Bits>
    Bits operator()(FloatState& state, Bits a, Bits b) const {
        const bool greater = order(state, a, b, QuietNans::Invalid) == Ordering::Greater;
        return without_denormal(state, greater ? a : b);
    }
};

/// CMPccPS and its like: imm8[2:0] is a condition; all ones or all zeros.
template <typename Bits>
Bits compare_mask(FloatState& state, Bits a, Bits b, u8 imm) {
    const unsigned condition = imm & 3;
    const bool relational = condition == 1 || condition == 2;
    const Ordering ordering =
        order(state, a, b, relational ? QuietNans::Invalid : QuietNans::Allowed);
    const bool equal = ordering == Ordering::Equal;
    const bool less = ordering == Ordering::Less;
    const bool unordered = ordering == Ordering::Unordered;
    const bool holds = condition == 0   ? equal
                       : condition == 1 ? less
                       : condition == 2 ? less || equal
                                        : unordered;
    const bool negated = (imm & 4) != 0;
    return holds != negated ? ~Bits{0} : Bits{0};
}

/// ROUNDPS and its like: imm8[1:0] is a rounding mode, [2] takes MXCSR's, [3] hides inexact.
template <typename Bits>
Bits round_lane(FloatState& state, Bits a, u8 imm) {
    const Rounding rounding = (imm & 4) != 0 ? state.rounding : static_cast<Rounding>(imm & 3);
    const auto report =
        (imm & 8) != 0 ? soft_float::InexactReport::Suppress : soft_float::InexactReport::Raise;
    return soft_float::round_to_integral<Bits>(state, unpack(state, a), rounding, report);
}

/// RCPPS and RSQRTPS of one lane. The architecture allows a relative error of 1.5 * 2^-12 and
/// processors differ; here it is the correctly rounded 12-bit result. Never raises anything.
/// [intel/vol2]: RCPPS, RSQRTPS
u32 approximate_reciprocal(u32 a);
u32 approximate_reciprocal_square_root(u32 a);

// Instructions --------------------------------------------------------------------------------

/// ADDPS and its like: the operation on each pair of lanes.
template <typename Bits, typename Operation>
Xmm packed(FloatState& state, Xmm a, Xmm b) {
    return map<Bits>(a, b, [&](Bits x, Bits y) { return Operation{}(state, x, y); });
}

/// Lane 0 replaced; the others are the destination's.
template <typename Bits>
Xmm with_lane0(Xmm a, Bits value) {
    if constexpr (sizeof(Bits) == 8) {
        a.low = value;
    } else {
        a.low = (a.low & ~u64{0xffff'ffff}) | value;
    }
    return a;
}
template <typename Bits>
Bits lane0(Xmm a) {
    return static_cast<Bits>(a.low);
}

/// ADDSS and its like.
template <typename Bits, typename Operation>
Xmm scalar(FloatState& state, Xmm a, Xmm b) {
    return with_lane0(a, Operation{}(state, lane0<Bits>(a), lane0<Bits>(b)));
}

template <typename Bits>
Xmm cmp_packed(FloatState& state, Xmm a, Xmm b, u8 imm) {
    return map<Bits>(a, b, [&](Bits x, Bits y) { return compare_mask(state, x, y, imm); });
}
template <typename Bits>
Xmm cmp_scalar(FloatState& state, Xmm a, Xmm b, u8 imm) {
    return with_lane0(a, compare_mask(state, lane0<Bits>(a), lane0<Bits>(b), imm));
}

template <typename Bits>
Xmm round_packed(FloatState& state, Xmm, Xmm b, u8 imm) {
    return map<Bits>(b, b, [&](Bits x, Bits) { return round_lane(state, x, imm); });
}
template <typename Bits>
Xmm round_scalar(FloatState& state, Xmm a, Xmm b, u8 imm) {
    return with_lane0(a, round_lane(state, lane0<Bits>(b), imm));
}

/// HADDPS, HADDPD, HSUBPS, HSUBPD.
template <typename Bits, typename Operation>
Xmm horizontal(FloatState& state, Xmm a, Xmm b) {
    constexpr int half = lane_count<Bits, Xmm> / 2;
    const auto x = lanes<Bits>(a);
    const auto y = lanes<Bits>(b);
    return build<Bits, Xmm>([&](int i) {
        const int k = 2 * (i % half);
        return i < half ? Operation{}(state, x[k], x[k + 1]) : Operation{}(state, y[k], y[k + 1]);
    });
}
/// ADDSUBPS, ADDSUBPD: even lanes are subtracted, odd lanes added.
template <typename Bits>
Xmm addsub(FloatState& state, Xmm a, Xmm b) {
    const auto x = lanes<Bits>(a);
    const auto y = lanes<Bits>(b);
    return build<Bits, Xmm>([&](int i) {
        return i % 2 != 0 ? Add{}(state, x[i], y[i]) : Subtract{}(state, x[i], y[i]);
    });
}

/// DPPS: imm8[7:4] picks the products, imm8[3:0] the lanes that get their sum.
Xmm dpps(FloatState& state, Xmm a, Xmm b, u8 imm);
/// Both halves, each stage for both before the next.
Ymm dpps256(FloatState& state, Ymm a, Ymm b, u8 imm);
Xmm dppd(FloatState& state, Xmm a, Xmm b, u8 imm);

Xmm rcpps(Xmm a, Xmm b);
Xmm rcpss(Xmm a, Xmm b);
Xmm rsqrtps(Xmm a, Xmm b);
Xmm rsqrtss(Xmm a, Xmm b);

}  // namespace ringfence::sim::isa::x86::sse
