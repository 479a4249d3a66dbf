// SPDX-License-Identifier: MIT
// SSE to SSE4.1 instructions that move data in and out of XMM registers.
#include <array>

#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_transfer.h"
#include "sim/isa/x86/sse_move.h"
#include "sim/isa/x86/sse_rows.h"

namespace ringfence::sim::isa::x86 {

namespace {

constexpr Unit unit = Unit::Sse;
constexpr Alignment free = Alignment::Free;

using namespace sse;

Xmm movq2dq(Xmm, Mmx b) {
    return {.low = b.bits, .high = 0};
}
Mmx movdq2q(Mmx, Xmm b) {
    return {b.low};
}

constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_MOVAPS, &bind_vector<simd::move<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVAPS, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVAPD, &bind_vector<simd::move<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVAPD, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDQA, &bind_vector<simd::move<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDQA, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVUPS, &bind_vector<simd::move<Xmm>, Xmm, Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVUPS, &bind_store<Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVUPD, &bind_vector<simd::move<Xmm>, Xmm, Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVUPD, &bind_store<Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDQU, &bind_vector<simd::move<Xmm>, Xmm, Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDQU, &bind_store<Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_LDDQU, &bind_load<simd::move<Xmm>, Xmm, Xmm, free>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVNTDQA, &bind_load<simd::move<Xmm>, Xmm, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVNTPS, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVNTPD, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVNTDQ, &bind_store<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSS, &bind_registers<merge_single, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSS, &bind_load<simd::move<Xmm>, Xmm, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSS, &bind_store<Xmm, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSD, &bind_registers<into_low, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSD, &bind_load<simd::move<Xmm>, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSD, &bind_store<Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVLPS, &bind_load<into_low, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVLPS, &bind_store<Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVLPD, &bind_load<into_low, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVLPD, &bind_store<Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVHPS, &bind_load<into_high, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVHPS, &bind_store_high, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVHPD, &bind_load<into_high, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVHPD, &bind_store_high, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVHLPS, &bind_registers<simd::movhlps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVLHPS, &bind_registers<simd::movlhps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDDUP, &bind_vector<simd::movddup, Xmm, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSHDUP, &bind_vector<simd::movshdup, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVSLDUP, &bind_vector<simd::movsldup, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_general_from_vector<low_word, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_vector_from_word<zero_extended, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_store<Xmm, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_registers<low_half_only, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_general_from_vector<low_half, u64, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_vector_from_word<zero_extended, u64, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_store<Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ2DQ, &bind_registers<movq2dq, Xmm, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVDQ2Q, &bind_registers<movdq2q, Mmx, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVMSKPS, &bind_general_from_vector<movmskps, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVMSKPD, &bind_general_from_vector<movmskpd, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_INSERTPS, &bind_registers<insertps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_INSERTPS, &bind_vector_from_word<insertps_memory, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_SHUFPS, &bind_vector<simd::shufps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_SHUFPD, &bind_vector<simd::shufpd, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_UNPCKLPS, &bind_vector<simd::punpckl<u32, Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_UNPCKHPS, &bind_vector<simd::punpckh<u32, Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_UNPCKLPD, &bind_vector<simd::punpckl<u64, Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_UNPCKHPD, &bind_vector<simd::punpckh<u64, Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ANDPS, &bind_vector<simd::pand<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ANDPD, &bind_vector<simd::pand<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ANDNPS, &bind_vector<simd::pandn<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ANDNPD, &bind_vector<simd::pandn<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ORPS, &bind_vector<simd::por<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_ORPD, &bind_vector<simd::por<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_XORPS, &bind_vector<simd::pxor<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_XORPD, &bind_vector<simd::pxor<Xmm>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_LDMXCSR, &bind_mxcsr<ldmxcsr>, unit},
    BinderRow{ZYDIS_MNEMONIC_STMXCSR, &bind_mxcsr<stmxcsr>, unit},
};

}  // namespace

std::span<const BinderRow> sse_move_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
