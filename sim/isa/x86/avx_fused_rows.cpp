// SPDX-License-Identifier: MIT
// FMA: fused multiplication and addition, rounded once. [intel/vol1]: 14.5; [intel/vol2]:
// VFMADD132PD and its like
#include <array>
#include <cmath>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/sse_arithmetic.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace sse;

/// What is negated before the one rounding.
enum class Sign : u8 { Add, Subtract, NegateAdd, NegateSubtract };

/// a * b + c of one lane: the host's where it must agree, the exact one elsewhere.
template <typename Bits>
Bits fused(FloatState& state, Bits a, Bits b, Bits c, Sign sign) {
    constexpr Bits sign_bit = ~(~Bits{0} >> 1);
    const bool negates_product = sign == Sign::NegateAdd || sign == Sign::NegateSubtract;
    const bool negates_addend = sign == Sign::Subtract || sign == Sign::NegateSubtract;
    if (state.host_rounding && is_plain(a) && is_plain(b) && is_plain(c)) {
        const Bits result =
            from_host<Bits>(std::fma(to_host(negates_product ? a ^ sign_bit : a), to_host(b),
                                     to_host(negates_addend ? c ^ sign_bit : c)));
        if (is_well_inside(result)) {
            return result;
        }
    }
    return soft_float::multiply_add<Bits>(state, unpack(state, a), unpack(state, b),
                                          unpack(state, c),
                                          {.product = negates_product, .addend = negates_addend});
}

/// Which of dst, the first and the second source are multiplied: the digits of the mnemonic.
enum class Order : u8 { O132, O213, O231 };

template <typename Bits, Order order>
Bits in_order(FloatState& state, Bits dst, Bits first, Bits second, Sign sign) {
    switch (order) {
        case Order::O132:
            return fused(state, dst, second, first, sign);
        case Order::O213:
            return fused(state, first, dst, second, sign);
        case Order::O231:
            return fused(state, first, second, dst, sign);
    }
}

/// `even` and `odd` lanes may differ, as in VFMADDSUB.
template <typename Bits, Order order, Sign even, Sign odd = even>
struct Packed {
    Xmm operator()(FloatState& state, Xmm dst, Xmm first, Xmm second) const {
        const auto x = lanes<Bits>(dst);
        const auto y = lanes<Bits>(first);
        const auto z = lanes<Bits>(second);
        return build<Bits, Xmm>([&](int i) {
            return in_order<Bits, order>(state, x[i], y[i], z[i], i % 2 == 0 ? even : odd);
        });
    }
};
template <typename Bits, Order order, Sign sign>
struct Scalar {
    Xmm operator()(FloatState& state, Xmm dst, Xmm first, Xmm second) const {
        return with_lane0(dst, in_order<Bits, order>(state, lane0<Bits>(dst), lane0<Bits>(first),
                                                     lane0<Bits>(second), sign));
    }
};

template <auto F, typename V>
bool fuse(Cpu& cpu, const Op& op, const V& second) {
    V result;
    if (!apply<F>(cpu, op, result, read_register<V>(cpu, op.dst), read_register<V>(cpu, op.extra),
                  second)) {
        return false;
    }
    write_whole(cpu, op.dst, result);
    return true;
}
template <auto F, typename V>
bool fuse_registers(Cpu& cpu, const Op& op) {
    return fuse<F, V>(cpu, op, read_register<V>(cpu, op.src));
}
template <auto F, typename V, typename M>
bool fuse_memory(Cpu& cpu, const Op& op) {
    M memory;
    return load(cpu, op, memory) && fuse<F, V>(cpu, op, extend_to<V>(memory));
}
template <auto F, typename V, typename M = V>
bool bind_fused(const Instruction& in, OpBuilder& out) {
    if (!is_vector<V>(in, 0, out.op.dst) || !is_vector<V>(in, 1, out.op.extra)) {
        return false;
    }
    if (in.is_memory(2)) {
        out.memory(in, 2);
        return out.straight<fuse_memory<F, V, M>>();
    }
    return is_vector<V>(in, 2, out.op.src) && out.straight<fuse_registers<F, V>>();
}
template <auto F>
bool bind_packed(const Instruction& in, OpBuilder& out) {
    constexpr Halves<F> halves;
    return bind_fused<F, Xmm>(in, out) || bind_fused<halves, Ymm>(in, out);
}

#define RF_FUSED_PACKED(NAME, BITS, ORDER, ...) \
    row(ZYDIS_MNEMONIC_##NAME, &bind_packed<Packed<BITS, Order::O##ORDER, __VA_ARGS__>{}>)
#define RF_FUSED_SCALAR(NAME, BITS, ORDER, SIGN) \
    row(ZYDIS_MNEMONIC_##NAME, &bind_fused<Scalar<BITS, Order::O##ORDER, SIGN>{}, Xmm, BITS>)
#define RF_FUSED_TYPES(NAME, ORDER, SIGN)                   \
    RF_FUSED_PACKED(NAME##ORDER##PS, u32, ORDER, SIGN),     \
        RF_FUSED_PACKED(NAME##ORDER##PD, u64, ORDER, SIGN), \
        RF_FUSED_SCALAR(NAME##ORDER##SS, u32, ORDER, SIGN), \
        RF_FUSED_SCALAR(NAME##ORDER##SD, u64, ORDER, SIGN)
#define RF_FUSED_ORDERS(NAME, SIGN)                                   \
    RF_FUSED_TYPES(NAME, 132, SIGN), RF_FUSED_TYPES(NAME, 213, SIGN), \
        RF_FUSED_TYPES(NAME, 231, SIGN)
#define RF_FUSED_ALTERNATING(NAME, EVEN, ODD)              \
    RF_FUSED_PACKED(NAME##132PS, u32, 132, EVEN, ODD),     \
        RF_FUSED_PACKED(NAME##132PD, u64, 132, EVEN, ODD), \
        RF_FUSED_PACKED(NAME##213PS, u32, 213, EVEN, ODD), \
        RF_FUSED_PACKED(NAME##213PD, u64, 213, EVEN, ODD), \
        RF_FUSED_PACKED(NAME##231PS, u32, 231, EVEN, ODD), \
        RF_FUSED_PACKED(NAME##231PD, u64, 231, EVEN, ODD)

constexpr std::array rows = {
    RF_FUSED_ORDERS(VFMADD, Sign::Add),
    RF_FUSED_ORDERS(VFMSUB, Sign::Subtract),
    RF_FUSED_ORDERS(VFNMADD, Sign::NegateAdd),
    RF_FUSED_ORDERS(VFNMSUB, Sign::NegateSubtract),
    RF_FUSED_ALTERNATING(VFMADDSUB, Sign::Subtract, Sign::Add),
    RF_FUSED_ALTERNATING(VFMSUBADD, Sign::Add, Sign::Subtract),
};

#undef RF_FUSED_ALTERNATING
#undef RF_FUSED_ORDERS
#undef RF_FUSED_TYPES
#undef RF_FUSED_SCALAR
#undef RF_FUSED_PACKED

}  // namespace

std::span<const BinderRow> avx_fused_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
