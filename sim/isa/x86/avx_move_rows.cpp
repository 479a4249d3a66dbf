// SPDX-License-Identifier: MIT
// AVX instructions that move data in and out of vector registers, and bitwise logic.
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_transfer.h"
#include "sim/isa/x86/sse_move.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace sse;
using simd::move;

constexpr Alignment aligned = Alignment::Required;
constexpr Alignment unaligned = Alignment::Free;

/// A whole register, to a register or memory and from either.
template <Alignment alignment>
bool bind_move(const Instruction& in, OpBuilder& out) {
    return bind_both<move<Xmm>, Halves<move<Xmm>>{}, alignment>(in, out) ||
           bind_store<Xmm, Xmm, alignment>(in, out) || bind_store<Ymm, Ymm, alignment>(in, out);
}
bool bind_store_of_once_used(const Instruction& in, OpBuilder& out) {
    return bind_store<Xmm>(in, out) || bind_store<Ymm>(in, out);
}
template <Alignment alignment>
bool bind_whole_load(const Instruction& in, OpBuilder& out) {
    return in.is_memory(1) && bind_both<move<Xmm>, Halves<move<Xmm>>{}, alignment>(in, out);
}
/// MOVSS, MOVSD: registers merge, a load clears the rest, a store takes the lane.
template <auto merge, typename Lane>
bool bind_scalar_move(const Instruction& in, OpBuilder& out) {
    return bind_register_form<merge>(in, out) ||
           bind_memory_form<move<Xmm>, Xmm, Xmm, Lane>(in, out) || bind_store<Xmm, Lane>(in, out);
}
template <auto into, Binder store>
bool bind_half_move(const Instruction& in, OpBuilder& out) {
    return store(in, out) || bind_as<into, Xmm, Xmm, u64>(in, out);
}

bool bind_movddup(const Instruction& in, OpBuilder& out) {
    constexpr Halves<simd::movddup> halves;
    return bind_as<simd::movddup, Xmm, Xmm, u64>(in, out) || bind_as<halves, Ymm>(in, out);
}

template <auto mask, auto mask_upper>
bool bind_sign_mask(const Instruction& in, OpBuilder& out) {
    return bind_general_from_vector<mask, u32, Xmm>(in, out) ||
           bind_general_from_vector<mask_upper, u32, Ymm>(in, out);
}
u32 movmskps256(Ymm a) {
    return movmskps(a.low) | movmskps(a.high) << 4;
}
u32 movmskpd256(Ymm a) {
    return movmskpd(a.low) | movmskpd(a.high) << 2;
}

/// VZEROUPPER and VZEROALL, of the registers that the mode has. [intel/vol2]: VZEROALL
enum class Zeroed : u8 { Upper, All };
template <Zeroed zeroed>
void vzero(Cpu& cpu, const Op& /*op*/) {
    const usize count = cpu.code64() ? cpu.fpu.upper.size() : cpu.fpu.upper.size() / 2;
    for (usize i = 0; i < count; ++i) {
        cpu.fpu.upper[i] = {};
        if constexpr (zeroed == Zeroed::All) {
            cpu.fpu.xmm[i] = {};
        }
    }
}
template <Zeroed zeroed>
bool bind_vzero(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<vzero<zeroed>>();
}

constexpr std::array rows = {
    row(ZYDIS_MNEMONIC_VMOVAPS, &bind_move<aligned>),
    row(ZYDIS_MNEMONIC_VMOVAPD, &bind_move<aligned>),
    row(ZYDIS_MNEMONIC_VMOVDQA, &bind_move<aligned>),
    row(ZYDIS_MNEMONIC_VMOVUPS, &bind_move<unaligned>),
    row(ZYDIS_MNEMONIC_VMOVUPD, &bind_move<unaligned>),
    row(ZYDIS_MNEMONIC_VMOVDQU, &bind_move<unaligned>),
    row(ZYDIS_MNEMONIC_VLDDQU, &bind_whole_load<unaligned>),
    row(ZYDIS_MNEMONIC_VMOVNTDQA, &bind_whole_load<aligned>),
    row(ZYDIS_MNEMONIC_VMOVNTPS, &bind_store_of_once_used),
    row(ZYDIS_MNEMONIC_VMOVNTPD, &bind_store_of_once_used),
    row(ZYDIS_MNEMONIC_VMOVNTDQ, &bind_store_of_once_used),
    row(ZYDIS_MNEMONIC_VMOVSS, &bind_scalar_move<merge_single, u32>),
    row(ZYDIS_MNEMONIC_VMOVSD, &bind_scalar_move<into_low, u64>),
    row(ZYDIS_MNEMONIC_VMOVLPS, &bind_half_move<into_low, &bind_store<Xmm, u64>>),
    row(ZYDIS_MNEMONIC_VMOVLPD, &bind_half_move<into_low, &bind_store<Xmm, u64>>),
    row(ZYDIS_MNEMONIC_VMOVHPS, &bind_half_move<into_high, &bind_store_high>),
    row(ZYDIS_MNEMONIC_VMOVHPD, &bind_half_move<into_high, &bind_store_high>),
    row(ZYDIS_MNEMONIC_VMOVHLPS, &bind_as<simd::movhlps, Xmm>),
    row(ZYDIS_MNEMONIC_VMOVLHPS, &bind_as<simd::movlhps, Xmm>),
    row(ZYDIS_MNEMONIC_VMOVDDUP, &bind_movddup),
    both<simd::movshdup>(ZYDIS_MNEMONIC_VMOVSHDUP),
    both<simd::movsldup>(ZYDIS_MNEMONIC_VMOVSLDUP),
    row(ZYDIS_MNEMONIC_VMOVD, &bind_general_from_vector<low_word, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VMOVD, &bind_from_word<zero_extended, u32>),
    row(ZYDIS_MNEMONIC_VMOVD, &bind_store<Xmm, u32>),
    row(ZYDIS_MNEMONIC_VMOVQ, &bind_register_form<low_half_only>),
    row(ZYDIS_MNEMONIC_VMOVQ, &bind_general_from_vector<low_half, u64, Xmm>),
    row(ZYDIS_MNEMONIC_VMOVQ, &bind_from_word<zero_extended, u64>),
    row(ZYDIS_MNEMONIC_VMOVQ, &bind_store<Xmm, u64>),
    row(ZYDIS_MNEMONIC_VMOVMSKPS, &bind_sign_mask<movmskps, movmskps256>),
    row(ZYDIS_MNEMONIC_VMOVMSKPD, &bind_sign_mask<movmskpd, movmskpd256>),
    row(ZYDIS_MNEMONIC_VMASKMOVDQU, &bind_maskmov<Xmm>),
    row(ZYDIS_MNEMONIC_VINSERTPS, &bind_register_form<sse::insertps>),
    row(ZYDIS_MNEMONIC_VINSERTPS, &bind_from_word<insertps_memory, u32>),
    row(ZYDIS_MNEMONIC_VEXTRACTPS, &bind_general_from_vector<simd::pextr_as<u32, u32>, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VEXTRACTPS, &bind_memory_from_vector<simd::pextr_as<u32, u32>, u32>),
    both<simd::pand<Xmm>>(ZYDIS_MNEMONIC_VANDPS),
    both<simd::pand<Xmm>>(ZYDIS_MNEMONIC_VANDPD),
    both<simd::pandn<Xmm>>(ZYDIS_MNEMONIC_VANDNPS),
    both<simd::pandn<Xmm>>(ZYDIS_MNEMONIC_VANDNPD),
    both<simd::por<Xmm>>(ZYDIS_MNEMONIC_VORPS),
    both<simd::por<Xmm>>(ZYDIS_MNEMONIC_VORPD),
    both<simd::pxor<Xmm>>(ZYDIS_MNEMONIC_VXORPS),
    both<simd::pxor<Xmm>>(ZYDIS_MNEMONIC_VXORPD),
    row(ZYDIS_MNEMONIC_VLDMXCSR, &bind_mxcsr<ldmxcsr>),
    row(ZYDIS_MNEMONIC_VSTMXCSR, &bind_mxcsr<stmxcsr>),
    row(ZYDIS_MNEMONIC_VZEROUPPER, &bind_vzero<Zeroed::Upper>),
    row(ZYDIS_MNEMONIC_VZEROALL, &bind_vzero<Zeroed::All>),
};

}  // namespace

std::span<const BinderRow> avx_move_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
