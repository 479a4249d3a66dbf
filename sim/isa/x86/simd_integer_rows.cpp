// SPDX-License-Identifier: MIT
// SSE2, SSSE3, SSE4.1, SSE4.2, AES and SHA instructions on integers in XMM registers.
#include <array>

#include "sim/isa/x86/simd_aes.h"
#include "sim/isa/x86/simd_sha.h"
#include "sim/isa/x86/simd_shared_rows.h"
#include "sim/isa/x86/simd_string.h"
#include "sim/isa/x86/simd_test.h"
#include "sim/isa/x86/simd_transfer.h"
#include "sim/isa/x86/sse_rows.h"

namespace ringfence::sim::isa::x86 {

namespace {

using simd::blend;
using simd::blend_variable;
using simd::pinsr;
using simd::pmovx;

constexpr Unit unit = Unit::Sse;

/// F of both operands and XMM0, which is the mask of the variable blends, say.
template <auto F>
bool with_xmm0_register(Cpu& cpu, const Op& op) {
    auto& xmm = cpu.fpu.xmm;
    xmm[op.dst] = F(xmm[op.dst], xmm[op.src], xmm[0]);
    return true;
}
template <auto F, Alignment alignment>
bool with_xmm0_memory(Cpu& cpu, const Op& op) {
    auto& xmm = cpu.fpu.xmm;
    Xmm source;
    if (!load_vector<Xmm, alignment>(cpu, op, source)) {
        return false;
    }
    xmm[op.dst] = F(xmm[op.dst], source, xmm[0]);
    return true;
}
template <auto F, Alignment alignment = Alignment::Required>
bool bind_with_xmm0(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<Xmm>(instruction, 0, out.op.dst)) {
        return false;
    }
    if (instruction.is_memory(1)) {
        out.memory(instruction, 1);
        return out.straight<with_xmm0_memory<F, alignment>>();
    }
    return is_vector<Xmm>(instruction, 1, out.op.src) && out.straight<with_xmm0_register<F>>();
}

template <auto F>
constexpr BinderRow row(ZydisMnemonic mnemonic) {
    return vector_row<F, Xmm, unit>(mnemonic);
}
template <auto F>
constexpr BinderRow sha_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_vector<F, Xmm, Xmm, Xmm, Alignment::OnIntel>, unit};
}
/// A source of only sizeof(M) bytes, which needs no alignment.
template <auto F, typename M>
constexpr BinderRow narrow_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_vector<F, Xmm, Xmm, M>, unit};
}

constexpr std::array xmm_only_rows = {
    row<simd::punpckl<u8, Xmm>>(ZYDIS_MNEMONIC_PUNPCKLBW),
    row<simd::punpckl<u16, Xmm>>(ZYDIS_MNEMONIC_PUNPCKLWD),
    row<simd::punpckl<u32, Xmm>>(ZYDIS_MNEMONIC_PUNPCKLDQ),
    row<simd::punpckl<u64, Xmm>>(ZYDIS_MNEMONIC_PUNPCKLQDQ),
    row<simd::punpckh<u64, Xmm>>(ZYDIS_MNEMONIC_PUNPCKHQDQ),
    row<simd::pshufd>(ZYDIS_MNEMONIC_PSHUFD),
    row<simd::pshuflw>(ZYDIS_MNEMONIC_PSHUFLW),
    row<simd::pshufhw>(ZYDIS_MNEMONIC_PSHUFHW),
    row<simd::pcmpeq<u64, Xmm>>(ZYDIS_MNEMONIC_PCMPEQQ),
    row<simd::pcmpgt<i64, Xmm>>(ZYDIS_MNEMONIC_PCMPGTQ),
    row<simd::pack<i32, u16, Xmm>>(ZYDIS_MNEMONIC_PACKUSDW),
    row<simd::pmull<u32, Xmm>>(ZYDIS_MNEMONIC_PMULLD),
    row<simd::pmul_even<i32, Xmm>>(ZYDIS_MNEMONIC_PMULDQ),
    row<simd::pmax<i8, Xmm>>(ZYDIS_MNEMONIC_PMAXSB),
    row<simd::pmax<i32, Xmm>>(ZYDIS_MNEMONIC_PMAXSD),
    row<simd::pmax<u16, Xmm>>(ZYDIS_MNEMONIC_PMAXUW),
    row<simd::pmax<u32, Xmm>>(ZYDIS_MNEMONIC_PMAXUD),
    row<simd::pmin<i8, Xmm>>(ZYDIS_MNEMONIC_PMINSB),
    row<simd::pmin<i32, Xmm>>(ZYDIS_MNEMONIC_PMINSD),
    row<simd::pmin<u16, Xmm>>(ZYDIS_MNEMONIC_PMINUW),
    row<simd::pmin<u32, Xmm>>(ZYDIS_MNEMONIC_PMINUD),
    row<simd::phminposuw>(ZYDIS_MNEMONIC_PHMINPOSUW),
    row<simd::mpsadbw>(ZYDIS_MNEMONIC_MPSADBW),
    row<blend<u16>>(ZYDIS_MNEMONIC_PBLENDW),
    row<blend<u32>>(ZYDIS_MNEMONIC_BLENDPS),
    row<blend<u64>>(ZYDIS_MNEMONIC_BLENDPD),
    row<simd::aesenc>(ZYDIS_MNEMONIC_AESENC),
    row<simd::aesenclast>(ZYDIS_MNEMONIC_AESENCLAST),
    row<simd::aesdec>(ZYDIS_MNEMONIC_AESDEC),
    row<simd::aesdeclast>(ZYDIS_MNEMONIC_AESDECLAST),
    row<simd::aesimc>(ZYDIS_MNEMONIC_AESIMC),
    row<simd::aeskeygenassist>(ZYDIS_MNEMONIC_AESKEYGENASSIST),
    row<simd::pclmulqdq>(ZYDIS_MNEMONIC_PCLMULQDQ),
    sha_row<simd::sha1rnds4>(ZYDIS_MNEMONIC_SHA1RNDS4),
    sha_row<simd::sha1nexte>(ZYDIS_MNEMONIC_SHA1NEXTE),
    sha_row<simd::sha1msg1>(ZYDIS_MNEMONIC_SHA1MSG1),
    sha_row<simd::sha1msg2>(ZYDIS_MNEMONIC_SHA1MSG2),
    BinderRow{ZYDIS_MNEMONIC_SHA256RNDS2, &bind_with_xmm0<simd::sha256rnds2, Alignment::OnIntel>,
              unit},
    sha_row<simd::sha256msg1>(ZYDIS_MNEMONIC_SHA256MSG1),
    sha_row<simd::sha256msg2>(ZYDIS_MNEMONIC_SHA256MSG2),
    narrow_row<pmovx<i8, i16>, u64>(ZYDIS_MNEMONIC_PMOVSXBW),
    narrow_row<pmovx<i8, i32>, u32>(ZYDIS_MNEMONIC_PMOVSXBD),
    narrow_row<pmovx<i8, i64>, u16>(ZYDIS_MNEMONIC_PMOVSXBQ),
    narrow_row<pmovx<i16, i32>, u64>(ZYDIS_MNEMONIC_PMOVSXWD),
    narrow_row<pmovx<i16, i64>, u32>(ZYDIS_MNEMONIC_PMOVSXWQ),
    narrow_row<pmovx<i32, i64>, u64>(ZYDIS_MNEMONIC_PMOVSXDQ),
    narrow_row<pmovx<u8, u16>, u64>(ZYDIS_MNEMONIC_PMOVZXBW),
    narrow_row<pmovx<u8, u32>, u32>(ZYDIS_MNEMONIC_PMOVZXBD),
    narrow_row<pmovx<u8, u64>, u16>(ZYDIS_MNEMONIC_PMOVZXBQ),
    narrow_row<pmovx<u16, u32>, u64>(ZYDIS_MNEMONIC_PMOVZXWD),
    narrow_row<pmovx<u16, u64>, u32>(ZYDIS_MNEMONIC_PMOVZXWQ),
    narrow_row<pmovx<u32, u64>, u64>(ZYDIS_MNEMONIC_PMOVZXDQ),
    BinderRow{ZYDIS_MNEMONIC_PBLENDVB, &bind_with_xmm0<blend_variable<i8>>, unit},
    BinderRow{ZYDIS_MNEMONIC_BLENDVPS, &bind_with_xmm0<blend_variable<i32>>, unit},
    BinderRow{ZYDIS_MNEMONIC_BLENDVPD, &bind_with_xmm0<blend_variable<i64>>, unit},
    BinderRow{ZYDIS_MNEMONIC_PTEST, &bind_test<Xmm, all_bits, Alignment::Required>, unit},
    BinderRow{ZYDIS_MNEMONIC_PSLLDQ, &bind_shift_immediate<simd::pslldq, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PSRLDQ, &bind_shift_immediate<simd::psrldq, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PMOVMSKB, &bind_general_from_vector<simd::pmovmskb, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRB, &bind_general_from_vector<simd::pextr_as<u8, u32>, u32, Xmm>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRB, &bind_memory_from_vector<simd::pextr_as<u8, u8>, u8>, unit},
    BinderRow{ZYDIS_MNEMONIC_PINSRB, &bind_vector_from_word<pinsr<u8, Xmm>, u8, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRW, &bind_general_from_vector<simd::pextr_as<u16, u32>, u32, Xmm>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRW, &bind_memory_from_vector<simd::pextr_as<u16, u16>, u16>, unit},
    BinderRow{ZYDIS_MNEMONIC_PINSRW, &bind_vector_from_word<pinsr<u16, Xmm>, u16, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRD, &bind_general_from_vector<simd::pextr_as<u32, u32>, u32, Xmm>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRD, &bind_memory_from_vector<simd::pextr_as<u32, u32>, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_PINSRD, &bind_vector_from_word<pinsr<u32, Xmm>, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRQ, &bind_general_from_vector<simd::pextr_as<u64, u64>, u64, Xmm>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRQ, &bind_memory_from_vector<simd::pextr_as<u64, u64>, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_PINSRQ, &bind_vector_from_word<pinsr<u64, Xmm>, u64, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_EXTRACTPS,
              &bind_general_from_vector<simd::pextr_as<u32, u32>, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_EXTRACTPS, &bind_memory_from_vector<simd::pextr_as<u32, u32>, u32>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_MASKMOVDQU, &bind_maskmov<Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_PCMPESTRI, &bind_pcmpestri, unit},
    BinderRow{ZYDIS_MNEMONIC_PCMPESTRM, &bind_pcmpestrm, unit},
    BinderRow{ZYDIS_MNEMONIC_PCMPISTRI, &bind_pcmpistri, unit},
    BinderRow{ZYDIS_MNEMONIC_PCMPISTRM, &bind_pcmpistrm, unit},
};

}  // namespace

std::span<const BinderRow> xmm_integer_rows() {
    return xmm_only_rows;
}
std::span<const BinderRow> xmm_shared_rows() {
    return shared_vector_rows<Xmm, unit>;
}

}  // namespace ringfence::sim::isa::x86
