// SPDX-License-Identifier: MIT
// MMX instructions, and the SSE instructions that work on MMX registers. [intel/vol1]: 9.4
#include <vector>

#include "sim/isa/x86/simd_shared_rows.h"
#include "sim/isa/x86/simd_transfer.h"

namespace ringfence::sim::isa::x86 {

namespace {

/// CR4.OSFXSR does not matter to any instruction that only touches MMX registers.
constexpr Unit unit = Unit::Mmx;

u32 low_word(Mmx a) {
    return static_cast<u32>(a.bits);
}
u64 whole(Mmx a) {
    return a.bits;
}
Mmx from_word(Mmx, u64 value) {
    return {value};
}
u32 pmovmskb(Mmx a) {
    return static_cast<u32>(simd::sign_mask<i8>(a));
}
u32 pextrw(Mmx a, u8 imm) {
    return static_cast<u32>(simd::pextr<u16>(a, imm));
}

/// EMMS: every x87 register becomes empty.
bool emms(Cpu& cpu, const Op& /*op*/) {
    if (!begin<Mmx>(cpu)) {
        return false;
    }
    cpu.fpu.set_top(0);
    cpu.fpu.valid = 0;
    return true;
}
bool bind_emms(const Instruction& /*instruction*/, OpBuilder& out) {
    return out.straight<emms>();
}

constexpr std::array mmx_only_rows = {
    BinderRow{ZYDIS_MNEMONIC_PUNPCKLBW, &bind_vector<simd::punpckl<u8, Mmx>, Mmx, Mmx, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_PUNPCKLWD, &bind_vector<simd::punpckl<u16, Mmx>, Mmx, Mmx, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_PUNPCKLDQ, &bind_vector<simd::punpckl<u32, Mmx>, Mmx, Mmx, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_PSHUFW, &bind_vector<simd::pshufw, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_PMOVMSKB, &bind_general_from_vector<pmovmskb, u32, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_PEXTRW, &bind_general_from_vector<pextrw, u32, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_PINSRW, &bind_vector_from_word<simd::pinsr<u16, Mmx>, u16, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_general_from_vector<low_word, u32, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_vector_from_word<from_word, u32, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVD, &bind_store<Mmx, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_registers<simd::move<Mmx>, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_general_from_vector<whole, u64, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_vector_from_word<from_word, u64, Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVQ, &bind_store<Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MOVNTQ, &bind_store<Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_MASKMOVQ, &bind_maskmov<Mmx>, unit},
    BinderRow{ZYDIS_MNEMONIC_EMMS, &bind_emms, unit},
};

std::vector<BinderRow> all_rows() {
    constexpr auto& shared = shared_vector_rows<Mmx, unit>;
    std::vector<BinderRow> rows(shared.begin(), shared.end());
    rows.insert(rows.end(), mmx_only_rows.begin(), mmx_only_rows.end());
    return rows;
}

}  // namespace

std::span<const BinderRow> mmx_rows() {
    static const std::vector<BinderRow> rows = all_rows();
    return rows;
}

}  // namespace ringfence::sim::isa::x86
