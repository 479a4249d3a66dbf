// SPDX-License-Identifier: MIT
// IA32_EFER: long mode, SYSCALL and no-execute.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 2.2.1, table 2-1
struct Efer {
    static constexpr Flag<0> sce{};   ///< SYSCALL and SYSRET
    static constexpr Flag<8> lme{};   ///< long mode when paging is next switched on
    static constexpr Flag<10> lma{};  ///< long mode active; set and cleared by the processor
    static constexpr Flag<11> nxe{};  ///< the no-execute bit of page-table entries

    static constexpr u64 defined = sce.mask | lme.mask | lma.mask | nxe.mask;
};
static_assert(Efer::defined == 0xd01);

}  // namespace ringfence::arch::x86
