// SPDX-License-Identifier: MIT
// The rows of the integer instructions that MMX and XMM registers share.
#pragma once

#include <array>

#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_shift.h"
#include "sim/isa/x86/simd_shuffle.h"

namespace ringfence::sim::isa::x86 {

/// A row for an instruction whose operands are registers of kind `V`, the second perhaps in memory.
template <auto F, typename V, Unit unit>
constexpr BinderRow vector_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_vector<F, V>, unit};
}
template <auto F, typename V, Unit unit>
constexpr BinderRow shift_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_shift<F, V>, unit};
}

template <typename V, Unit unit>
inline constexpr std::array shared_vector_rows = {
    vector_row<simd::padd<u8, V>, V, unit>(ZYDIS_MNEMONIC_PADDB),
    vector_row<simd::padd<u16, V>, V, unit>(ZYDIS_MNEMONIC_PADDW),
    vector_row<simd::padd<u32, V>, V, unit>(ZYDIS_MNEMONIC_PADDD),
    vector_row<simd::padd<u64, V>, V, unit>(ZYDIS_MNEMONIC_PADDQ),
    vector_row<simd::psub<u8, V>, V, unit>(ZYDIS_MNEMONIC_PSUBB),
    vector_row<simd::psub<u16, V>, V, unit>(ZYDIS_MNEMONIC_PSUBW),
    vector_row<simd::psub<u32, V>, V, unit>(ZYDIS_MNEMONIC_PSUBD),
    vector_row<simd::psub<u64, V>, V, unit>(ZYDIS_MNEMONIC_PSUBQ),
    vector_row<simd::padds<i8, V>, V, unit>(ZYDIS_MNEMONIC_PADDSB),
    vector_row<simd::padds<i16, V>, V, unit>(ZYDIS_MNEMONIC_PADDSW),
    vector_row<simd::padds<u8, V>, V, unit>(ZYDIS_MNEMONIC_PADDUSB),
    vector_row<simd::padds<u16, V>, V, unit>(ZYDIS_MNEMONIC_PADDUSW),
    vector_row<simd::psubs<i8, V>, V, unit>(ZYDIS_MNEMONIC_PSUBSB),
    vector_row<simd::psubs<i16, V>, V, unit>(ZYDIS_MNEMONIC_PSUBSW),
    vector_row<simd::psubs<u8, V>, V, unit>(ZYDIS_MNEMONIC_PSUBUSB),
    vector_row<simd::psubs<u16, V>, V, unit>(ZYDIS_MNEMONIC_PSUBUSW),
    vector_row<simd::pavg<u8, V>, V, unit>(ZYDIS_MNEMONIC_PAVGB),
    vector_row<simd::pavg<u16, V>, V, unit>(ZYDIS_MNEMONIC_PAVGW),
    vector_row<simd::pmax<u8, V>, V, unit>(ZYDIS_MNEMONIC_PMAXUB),
    vector_row<simd::pmax<i16, V>, V, unit>(ZYDIS_MNEMONIC_PMAXSW),
    vector_row<simd::pmin<u8, V>, V, unit>(ZYDIS_MNEMONIC_PMINUB),
    vector_row<simd::pmin<i16, V>, V, unit>(ZYDIS_MNEMONIC_PMINSW),
    vector_row<simd::pcmpeq<u8, V>, V, unit>(ZYDIS_MNEMONIC_PCMPEQB),
    vector_row<simd::pcmpeq<u16, V>, V, unit>(ZYDIS_MNEMONIC_PCMPEQW),
    vector_row<simd::pcmpeq<u32, V>, V, unit>(ZYDIS_MNEMONIC_PCMPEQD),
    vector_row<simd::pcmpgt<i8, V>, V, unit>(ZYDIS_MNEMONIC_PCMPGTB),
    vector_row<simd::pcmpgt<i16, V>, V, unit>(ZYDIS_MNEMONIC_PCMPGTW),
    vector_row<simd::pcmpgt<i32, V>, V, unit>(ZYDIS_MNEMONIC_PCMPGTD),
    vector_row<simd::pand<V>, V, unit>(ZYDIS_MNEMONIC_PAND),
    vector_row<simd::pandn<V>, V, unit>(ZYDIS_MNEMONIC_PANDN),
    vector_row<simd::por<V>, V, unit>(ZYDIS_MNEMONIC_POR),
    vector_row<simd::pxor<V>, V, unit>(ZYDIS_MNEMONIC_PXOR),
    vector_row<simd::pmull<u16, V>, V, unit>(ZYDIS_MNEMONIC_PMULLW),
    vector_row<simd::pmulhw<V>, V, unit>(ZYDIS_MNEMONIC_PMULHW),
    vector_row<simd::pmulhuw<V>, V, unit>(ZYDIS_MNEMONIC_PMULHUW),
    vector_row<simd::pmulhrsw<V>, V, unit>(ZYDIS_MNEMONIC_PMULHRSW),
    vector_row<simd::pmul_even<u32, V>, V, unit>(ZYDIS_MNEMONIC_PMULUDQ),
    vector_row<simd::pmaddwd<V>, V, unit>(ZYDIS_MNEMONIC_PMADDWD),
    vector_row<simd::pmaddubsw<V>, V, unit>(ZYDIS_MNEMONIC_PMADDUBSW),
    vector_row<simd::psadbw<V>, V, unit>(ZYDIS_MNEMONIC_PSADBW),
    vector_row<simd::pabs<i8, V>, V, unit>(ZYDIS_MNEMONIC_PABSB),
    vector_row<simd::pabs<i16, V>, V, unit>(ZYDIS_MNEMONIC_PABSW),
    vector_row<simd::pabs<i32, V>, V, unit>(ZYDIS_MNEMONIC_PABSD),
    vector_row<simd::psign<i8, V>, V, unit>(ZYDIS_MNEMONIC_PSIGNB),
    vector_row<simd::psign<i16, V>, V, unit>(ZYDIS_MNEMONIC_PSIGNW),
    vector_row<simd::psign<i32, V>, V, unit>(ZYDIS_MNEMONIC_PSIGND),
    vector_row<simd::phadd<u16, V>, V, unit>(ZYDIS_MNEMONIC_PHADDW),
    vector_row<simd::phadd<u32, V>, V, unit>(ZYDIS_MNEMONIC_PHADDD),
    vector_row<simd::phaddsw<V>, V, unit>(ZYDIS_MNEMONIC_PHADDSW),
    vector_row<simd::phsub<u16, V>, V, unit>(ZYDIS_MNEMONIC_PHSUBW),
    vector_row<simd::phsub<u32, V>, V, unit>(ZYDIS_MNEMONIC_PHSUBD),
    vector_row<simd::phsubsw<V>, V, unit>(ZYDIS_MNEMONIC_PHSUBSW),
    vector_row<simd::pack<i16, i8, V>, V, unit>(ZYDIS_MNEMONIC_PACKSSWB),
    vector_row<simd::pack<i32, i16, V>, V, unit>(ZYDIS_MNEMONIC_PACKSSDW),
    vector_row<simd::pack<i16, u8, V>, V, unit>(ZYDIS_MNEMONIC_PACKUSWB),
    vector_row<simd::punpckh<u8, V>, V, unit>(ZYDIS_MNEMONIC_PUNPCKHBW),
    vector_row<simd::punpckh<u16, V>, V, unit>(ZYDIS_MNEMONIC_PUNPCKHWD),
    vector_row<simd::punpckh<u32, V>, V, unit>(ZYDIS_MNEMONIC_PUNPCKHDQ),
    vector_row<simd::pshufb<V>, V, unit>(ZYDIS_MNEMONIC_PSHUFB),
    vector_row<simd::palignr<V>, V, unit>(ZYDIS_MNEMONIC_PALIGNR),
    shift_row<simd::psll<u16, V>, V, unit>(ZYDIS_MNEMONIC_PSLLW),
    shift_row<simd::psll<u32, V>, V, unit>(ZYDIS_MNEMONIC_PSLLD),
    shift_row<simd::psll<u64, V>, V, unit>(ZYDIS_MNEMONIC_PSLLQ),
    shift_row<simd::psrl<u16, V>, V, unit>(ZYDIS_MNEMONIC_PSRLW),
    shift_row<simd::psrl<u32, V>, V, unit>(ZYDIS_MNEMONIC_PSRLD),
    shift_row<simd::psrl<u64, V>, V, unit>(ZYDIS_MNEMONIC_PSRLQ),
    shift_row<simd::psra<i16, V>, V, unit>(ZYDIS_MNEMONIC_PSRAW),
    shift_row<simd::psra<i32, V>, V, unit>(ZYDIS_MNEMONIC_PSRAD),
};

}  // namespace ringfence::sim::isa::x86
