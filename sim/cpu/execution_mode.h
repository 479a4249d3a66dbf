// SPDX-License-Identifier: MIT
// What besides its bytes decides how an instruction is decoded and bound.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::sim::cpu {

/// Part of the key of a decoded block: the same bytes under another mode are another block.
struct ExecutionMode {
    static constexpr Flag<0, u32> code64{};         ///< 64-bit mode
    static constexpr Flag<1, u32> code32{};         ///< 32-bit default operand and address size
    static constexpr Flag<2, u32> user{};           ///< CPL 3
    static constexpr Flag<3, u32> stack32{};        ///< SS.B; unused in 64-bit mode
    static constexpr Flag<4, u32> no_x87{};         ///< CR0.EM
    static constexpr Flag<5, u32> task_switched{};  ///< CR0.TS
    static constexpr Flag<6, u32> no_sse{};         ///< CR4.OSFXSR clear
    static constexpr Flag<7, u32> monitor{};        ///< CR0.MP
    static constexpr Flag<8, u32> protected_mode{};
    static constexpr Flag<9, u32> alignment_check{};  ///< CPL 3, CR0.AM and RFLAGS.AC
    static constexpr Flag<10, u32> transactional{};
    /// Outside 64-bit mode: CS has a base, or a limit below 4 GiB.
    static constexpr Flag<11, u32> segmented_code{};
    /// An instruction breakpoint is on.
    static constexpr Flag<12, u32> breakpoints{};
    /// Real mode or virtual-8086 mode.
    static constexpr Flag<13, u32> paragraphs{};
    /// CR4.OSXSAVE clear, or XCR0 without SSE and AVX state.
    static constexpr Flag<14, u32> no_avx{};
};

}  // namespace ringfence::sim::cpu
