// SPDX-License-Identifier: MIT
// AVX and AVX2 shifts: by one count for all lanes, or by a count for each. [intel/vol2]: PSLLW/D/Q,
// PSRLW/D/Q, PSRAW/D, PSLLDQ, PSRLDQ, VPSLLV, VPSRLV, VPSRAV
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_shift.h"
#include "sim/isa/x86/simd_shuffle.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

/// The operand of a shift by an immediate is the only source.
template <auto F>
Xmm by_immediate(Xmm, Xmm b, u8 count) {
    return F(b, count);
}

template <auto F>
bool bind_shift_by_immediate(const Instruction& in, OpBuilder& out) {
    return in.is_immediate(2) && bind_both<by_immediate<F>>(in, out);
}
/// The count is in an XMM register or 16 bytes of memory, whatever is shifted.
template <auto F>
bool bind_uniform_shift(const Instruction& in, OpBuilder& out) {
    constexpr auto shift = shift_by_source<F, Xmm>;
    return bind_shift_by_immediate<F>(in, out) ||
           (!in.is_immediate(2) &&
            (bind_as<shift, Xmm>(in, out) || bind_as<shared_source<shift>, Ymm, Xmm>(in, out)));
}

/// Counts past the lane's width empty it, or fill it with the sign.
template <typename T>
Xmm shift_left(Xmm a, Xmm b) {
    return map<T>(a, b, [](T x, T count) { return count < sizeof(T) * 8 ? x << count : T{0}; });
}
template <typename T>
Xmm shift_right(Xmm a, Xmm b) {
    return map<T>(a, b, [](T x, T count) { return count < sizeof(T) * 8 ? x >> count : T{0}; });
}
Xmm shift_right_signed(Xmm a, Xmm b) {
    constexpr u32 most = 31;
    return map<u32>(a, b, [&](u32 x, u32 count) {
        return static_cast<u32>(static_cast<i32>(x) >> std::min(count, most));
    });
}

template <auto F>
constexpr BinderRow uniform(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_uniform_shift<F>);
}
template <auto F>
constexpr BinderRow by_bytes(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_shift_by_immediate<F>);
}

constexpr std::array rows = {
    uniform<simd::psll<u16, Xmm>>(ZYDIS_MNEMONIC_VPSLLW),
    uniform<simd::psll<u32, Xmm>>(ZYDIS_MNEMONIC_VPSLLD),
    uniform<simd::psll<u64, Xmm>>(ZYDIS_MNEMONIC_VPSLLQ),
    uniform<simd::psrl<u16, Xmm>>(ZYDIS_MNEMONIC_VPSRLW),
    uniform<simd::psrl<u32, Xmm>>(ZYDIS_MNEMONIC_VPSRLD),
    uniform<simd::psrl<u64, Xmm>>(ZYDIS_MNEMONIC_VPSRLQ),
    uniform<simd::psra<i16, Xmm>>(ZYDIS_MNEMONIC_VPSRAW),
    uniform<simd::psra<i32, Xmm>>(ZYDIS_MNEMONIC_VPSRAD),
    by_bytes<simd::pslldq>(ZYDIS_MNEMONIC_VPSLLDQ),
    by_bytes<simd::psrldq>(ZYDIS_MNEMONIC_VPSRLDQ),
    both<shift_left<u32>>(ZYDIS_MNEMONIC_VPSLLVD),
    both<shift_left<u64>>(ZYDIS_MNEMONIC_VPSLLVQ),
    both<shift_right<u32>>(ZYDIS_MNEMONIC_VPSRLVD),
    both<shift_right<u64>>(ZYDIS_MNEMONIC_VPSRLVQ),
    both<shift_right_signed>(ZYDIS_MNEMONIC_VPSRAVD),
};

}  // namespace

std::span<const BinderRow> avx_shift_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
