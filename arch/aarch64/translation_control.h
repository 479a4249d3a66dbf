// SPDX-License-Identifier: MIT
// The registers that point to translation tables and say how wide addresses are.
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::aarch64 {

/// TTBR0_EL1 and TTBR1_EL1: [arm/arm]: TTBR0_EL1, TTBR1_EL1
struct Ttbr {
    static constexpr Flag<0> cnp{};            ///< common not private
    static constexpr Bitfield<1, 47> table{};  ///< aligned to the size of the root
    static constexpr Bitfield<48, 16> asid{};  ///< of the register that TCR.A1 selects

    static constexpr PhysicalAddress root(u64 ttbr) {
        return PhysicalAddress{ttbr & table.mask & ~low_mask(12)};
    }
    static constexpr u64 make(PhysicalAddress root, u64 asid_value) {
        return root.value() | asid.make(asid_value);
    }
};
static_assert(Ttbr::make(PhysicalAddress{0x4000'1000}, 3) == 0x0003'0000'4000'1000);

/// TCR_EL1: [arm/arm]: TCR_EL1
struct Tcr {
    static constexpr Bitfield<0, 6> t0sz{};  ///< TTBR0 translates 64 - T0SZ bits
    static constexpr Flag<7> epd0{};         ///< no walks for TTBR0
    static constexpr Bitfield<14, 2> tg0{};  ///< granule: 0 4 KiB, 1 64 KiB, 2 16 KiB
    static constexpr Bitfield<16, 6> t1sz{};
    static constexpr Flag<22> a1{};  ///< the ASID is TTBR1's
    static constexpr Flag<23> epd1{};
    static constexpr Bitfield<30, 2> tg1{};  ///< granule: 2 4 KiB, 1 16 KiB, 3 64 KiB
    static constexpr Bitfield<32, 3> ips{};  ///< output address width, coded as in PARange
    static constexpr Flag<36> as{};          ///< 16-bit ASIDs
    static constexpr Flag<37> tbi0{};        ///< top byte ignored
    static constexpr Flag<38> tbi1{};
    static constexpr Flag<39> ha{};    ///< hardware sets the access flag
    static constexpr Flag<40> hd{};    ///< hardware manages the dirty state
    static constexpr Flag<41> hpd0{};  ///< table descriptors' limits are ignored
    static constexpr Flag<42> hpd1{};
    static constexpr Flag<55> e0pd0{};  ///< EL0 accesses fault before any walk
    static constexpr Flag<56> e0pd1{};

    static constexpr unsigned address_bits_0(u64 tcr) {
        return 64 - static_cast<unsigned>(t0sz.get(tcr));
    }
    static constexpr unsigned address_bits_1(u64 tcr) {
        return 64 - static_cast<unsigned>(t1sz.get(tcr));
    }
};
static_assert(Tcr::address_bits_0(Tcr::t0sz.make(16)) == 48);

/// SCTLR_EL1: [arm/arm]: SCTLR_EL1
struct Sctlr {
    static constexpr Flag<0> m{};      ///< translation
    static constexpr Flag<2> c{};      ///< data caches
    static constexpr Flag<12> i{};     ///< instruction caches
    static constexpr Flag<19> wxn{};   ///< what can be written cannot be executed
    static constexpr Flag<23> span{};  ///< 0: PSTATE.PAN is set on exceptions to EL1
};

/// The width of output addresses that TCR.IPS and ID_AA64MMFR0_EL1.PARange code.
constexpr unsigned physical_address_bits(u64 code) {
    constexpr unsigned widths[] = {32, 36, 40, 42, 44, 48, 52, 56};
    return widths[code & low_mask(3)];
}

}  // namespace ringfence::arch::aarch64
