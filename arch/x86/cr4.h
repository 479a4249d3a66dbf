// SPDX-License-Identifier: MIT
// CR4: which extensions of the architecture are switched on.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 2.5
struct Cr4 {
    static constexpr Flag<0> vme{};          ///< virtual-8086 extensions
    static constexpr Flag<1> pvi{};          ///< protected-mode virtual interrupts
    static constexpr Flag<2> tsd{};          ///< RDTSC only at CPL 0
    static constexpr Flag<3> de{};           ///< debug extensions
    static constexpr Flag<4> pse{};          ///< 4 MiB pages in 32-bit paging
    static constexpr Flag<5> pae{};          ///< 8-byte entries
    static constexpr Flag<6> mce{};          ///< machine checks
    static constexpr Flag<7> pge{};          ///< global pages
    static constexpr Flag<8> pce{};          ///< RDPMC at any CPL
    static constexpr Flag<9> osfxsr{};       ///< FXSAVE and SSE
    static constexpr Flag<10> osxmmexcpt{};  ///< SSE errors raise #XM
    static constexpr Flag<11> umip{};        ///< SGDT, SIDT, SLDT, SMSW, STR only at CPL 0
    static constexpr Flag<12> la57{};        ///< 5-level paging
    static constexpr Flag<13> vmxe{};
    static constexpr Flag<14> smxe{};
    static constexpr Flag<16> fsgsbase{};  ///< RDFSBASE and kin at any CPL
    static constexpr Flag<17> pcide{};     ///< process-context identifiers
    static constexpr Flag<18> osxsave{};   ///< XSAVE and XCR0
    static constexpr Flag<19> kl{};        ///< key locker
    static constexpr Flag<20> smep{};      ///< no supervisor fetches from user pages
    static constexpr Flag<21> smap{};   ///< no supervisor data accesses to user pages while AC = 0
    static constexpr Flag<22> pke{};    ///< protection keys for user pages
    static constexpr Flag<23> cet{};    ///< control-flow enforcement
    static constexpr Flag<24> pks{};    ///< protection keys for supervisor pages
    static constexpr Flag<25> uintr{};  ///< user interrupts

    /// A MOV to CR4 that changes PGE, or PCIDE from 1 to 0, drops all TLB entries of all PCIDs,
    /// global ones too; one that changes PAE, or SMEP from 0 to 1, drops those of the current PCID.
    /// [intel/vol3]: 4.10.4.1
    static constexpr u64 flushes_everything = pge.mask | pcide.mask;
    static constexpr u64 flushes_current_pcid = pae.mask | smep.mask;
};
static_assert(Cr4::pcide.mask == 0x2'0000 && Cr4::smap.mask == 0x20'0000);

}  // namespace ringfence::arch::x86
