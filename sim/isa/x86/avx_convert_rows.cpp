// SPDX-License-Identifier: MIT
// AVX conversions, and F16C's between single and half precision. [intel/vol2]: VCVT*
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/sse_convert_general.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace sse;

// Doubles take twice the room of singles and of 32-bit integers: one side has half a register.

Xmm upper_half(Xmm b) {
    return {.low = b.high, .high = 0};
}
/// An operation that widens the low half of an XMM register.
template <auto F>
Ymm widening(FloatState& state, Ymm, Xmm b) {
    return {.low = F(state, {}, b), .high = F(state, {}, upper_half(b))};
}
/// One that fills the low half of an XMM register.
template <auto F>
Xmm narrowing(FloatState& state, Xmm, Ymm b) {
    return {.low = F(state, {}, b.low).low, .high = F(state, {}, b.high).low};
}
template <auto F>
bool bind_widening(const Instruction& in, OpBuilder& out) {
    return bind_as<F, Xmm, Xmm, u64>(in, out) || bind_as<widening<F>, Ymm, Xmm>(in, out);
}
template <auto F>
bool bind_narrowing(const Instruction& in, OpBuilder& out) {
    const bool whole = in.size(1) == sizeof(Ymm);
    return whole ? bind_as<narrowing<F>, Xmm, Ymm>(in, out) : bind_as<F, Xmm>(in, out);
}

/// One of the two sizes of the integer operand.
template <typename Bits, typename Integer>
bool bind_from_integer(const Instruction& in, OpBuilder& out) {
    using Word = std::make_unsigned_t<Integer>;
    return bind_from_word<cvtsi2<Bits, Integer>, Word, sizeof(Word)>(in, out);
}

// Half precision ------------------------------------------------------------------------------

/// Denormals are numbers like any other here, whatever MXCSR says. [intel/vol2]: VCVTPH2PS
u32 single_of(FloatState& state, u16 half) {
    sse::Environment environment;
    const u32 result = soft_float::convert<u32>(environment, soft_float::unpack(environment, half));
    state.raise(environment.raised & soft_float::exception::invalid);
    return result;
}
Xmm from_halves(FloatState& state, Xmm, Xmm b) {
    return build<u32, Xmm>(
        [&](int i) { return single_of(state, static_cast<u16>(b.low >> (16 * i))); });
}
Ymm from_halves256(FloatState& state, Ymm, Xmm b) {
    return {.low = from_halves(state, {}, b), .high = from_halves(state, {}, upper_half(b))};
}

/// imm8[1:0] is a rounding mode, [2] takes MXCSR's. MXCSR.FTZ does not count. [intel/vol2]:
/// VCVTPS2PH
u16 half_of(FloatState& state, u32 single, u8 imm) {
    sse::Environment environment = state;
    environment.flush_to_zero = false;
    environment.raised = 0;
    if ((imm & 4) == 0) {
        environment.rounding = static_cast<Rounding>(imm & 3);
    }
    const u16 result =
        soft_float::convert<u16>(environment, soft_float::unpack(environment, single));
    state.raise(environment.raised);
    return result;
}
u64 halves_of(FloatState& state, Xmm a, u8 imm) {
    const auto x = lanes<u32>(a);
    u64 halves = 0;
    for (int i = 0; i < lane_count<u32, Xmm>; ++i) {
        halves |= u64{half_of(state, x[i], imm)} << (16 * i);
    }
    return halves;
}
Xmm halves_of256(FloatState& state, Ymm a, u8 imm) {
    return {.low = halves_of(state, a.low, imm), .high = halves_of(state, a.high, imm)};
}
Xmm to_halves(FloatState& state, Xmm, Xmm b, u8 imm) {
    return {.low = halves_of(state, b, imm), .high = 0};
}
Xmm to_halves256(FloatState& state, Xmm, Ymm b, u8 imm) {
    return halves_of256(state, b, imm);
}
bool bind_to_halves(const Instruction& in, OpBuilder& out) {
    return bind_to_memory<halves_of, Xmm, u64>(in, out) ||
           bind_to_memory<halves_of256, Ymm, Xmm>(in, out) || bind_as<to_halves, Xmm>(in, out) ||
           bind_as<to_halves256, Xmm, Ymm>(in, out);
}
bool bind_from_halves(const Instruction& in, OpBuilder& out) {
    return bind_as<from_halves, Xmm, Xmm, u64>(in, out) ||
           bind_as<from_halves256, Ymm, Xmm>(in, out);
}

constexpr auto current = Mode::Current;
constexpr auto truncate = Mode::Truncate;

constexpr std::array rows = {
    row(ZYDIS_MNEMONIC_VCVTSI2SS, &bind_from_integer<u32, i32>),
    row(ZYDIS_MNEMONIC_VCVTSI2SS, &bind_from_integer<u32, i64>),
    row(ZYDIS_MNEMONIC_VCVTSI2SD, &bind_from_integer<u64, i32>),
    row(ZYDIS_MNEMONIC_VCVTSI2SD, &bind_from_integer<u64, i64>),
    row(ZYDIS_MNEMONIC_VCVTSS2SI, &bind_cvt2si<u32, i32, current>),
    row(ZYDIS_MNEMONIC_VCVTSS2SI, &bind_cvt2si<u32, i64, current>),
    row(ZYDIS_MNEMONIC_VCVTTSS2SI, &bind_cvt2si<u32, i32, truncate>),
    row(ZYDIS_MNEMONIC_VCVTTSS2SI, &bind_cvt2si<u32, i64, truncate>),
    row(ZYDIS_MNEMONIC_VCVTSD2SI, &bind_cvt2si<u64, i32, current>),
    row(ZYDIS_MNEMONIC_VCVTSD2SI, &bind_cvt2si<u64, i64, current>),
    row(ZYDIS_MNEMONIC_VCVTTSD2SI, &bind_cvt2si<u64, i32, truncate>),
    row(ZYDIS_MNEMONIC_VCVTTSD2SI, &bind_cvt2si<u64, i64, truncate>),
    as<cvt_scalar<u64, u32>, Xmm, Xmm, u32>(ZYDIS_MNEMONIC_VCVTSS2SD),
    as<cvt_scalar<u32, u64>, Xmm, Xmm, u64>(ZYDIS_MNEMONIC_VCVTSD2SS),
    row(ZYDIS_MNEMONIC_VCVTPS2PD, &bind_widening<cvtps2pd>),
    row(ZYDIS_MNEMONIC_VCVTDQ2PD, &bind_widening<cvtdq2pd>),
    row(ZYDIS_MNEMONIC_VCVTPD2PS, &bind_narrowing<cvtpd2ps>),
    row(ZYDIS_MNEMONIC_VCVTPD2DQ, &bind_narrowing<cvtpd2dq<current>>),
    row(ZYDIS_MNEMONIC_VCVTTPD2DQ, &bind_narrowing<cvtpd2dq<truncate>>),
    both<cvtdq2ps>(ZYDIS_MNEMONIC_VCVTDQ2PS),
    both<cvtps2dq<current>>(ZYDIS_MNEMONIC_VCVTPS2DQ),
    both<cvtps2dq<truncate>>(ZYDIS_MNEMONIC_VCVTTPS2DQ),
    row(ZYDIS_MNEMONIC_VCVTPH2PS, &bind_from_halves),
    row(ZYDIS_MNEMONIC_VCVTPS2PH, &bind_to_halves),
};

}  // namespace

std::span<const BinderRow> avx_convert_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
