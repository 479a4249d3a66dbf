// SPDX-License-Identifier: MIT
// The registers and CPU features that decide how an address is translated.
#pragma once

#include <array>

#include "arch/x86/cr0.h"
#include "arch/x86/cr3.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "base/address.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::mmu {

/// What CPUID says about paging.
struct PagingFeatures {
    unsigned physical_address_bits = 46;  ///< MAXPHYADDR, 32 to 52
    bool gigabyte_pages = true;
    bool page_size_extensions_36 = true;  ///< PSE-36: 4 MiB pages above 4 GiB
};

/// [intel/vol3]: 4.1.1
enum class PagingMode : u8 { Off, TwoLevel, Pae, FourLevel, FiveLevel };

/// Of linear addresses outside long mode, where all of them are valid. [intel/vol1]: 3.3.7.1
inline constexpr unsigned legacy_address_bits = 32;

struct PagingState {
    u64 cr0 = arch::x86::Cr0::reset;
    u64 cr3 = 0;
    u64 cr4 = 0;
    u64 efer = 0;
    u32 pkru = 0;
    /// PAE's page-directory-pointer registers, as MOV to CR3 loaded them. [intel/vol3]: 4.4.1
    std::array<u64, 4> pdptes{};

    void visit_state(state::Visitor& visitor);

    [[nodiscard]] PagingMode mode() const {
        using namespace arch::x86;
        if (!Cr0::pg.test(cr0)) {
            return PagingMode::Off;
        }
        if (!Cr4::pae.test(cr4)) {
            return PagingMode::TwoLevel;
        }
        if (!Efer::lma.test(efer)) {
            return PagingMode::Pae;
        }
        return Cr4::la57.test(cr4) ? PagingMode::FiveLevel : PagingMode::FourLevel;
    }
    [[nodiscard]] bool is_canonical(VirtualAddress address) const {
        const unsigned bits = mode() == PagingMode::FiveLevel ? 57 : 48;
        return !arch::x86::Efer::lma.test(efer) ||
               sign_extend(address.value(), bits) == address.value();
    }
    [[nodiscard]] bool write_protect() const { return arch::x86::Cr0::wp.test(cr0); }
    [[nodiscard]] bool no_execute() const { return arch::x86::Efer::nxe.test(efer); }
    [[nodiscard]] bool smep() const { return arch::x86::Cr4::smep.test(cr4); }
    [[nodiscard]] bool smap() const { return arch::x86::Cr4::smap.test(cr4); }
    [[nodiscard]] bool global_pages() const { return arch::x86::Cr4::pge.test(cr4); }
    /// Pages of user-mode addresses have keys: in 4-level and 5-level paging. [intel/vol3]: 4.6.2
    [[nodiscard]] bool protection_keys() const {
        return arch::x86::Cr4::pke.test(cr4) && arch::x86::Efer::lma.test(efer);
    }
    [[nodiscard]] bool pcids() const { return arch::x86::Cr4::pcide.test(cr4); }
    /// The identifier that tags TLB entries: 0 while CR4.PCIDE = 0. [intel/vol3]: 4.10.1
    [[nodiscard]] u16 pcid() const {
        return pcids() ? static_cast<u16>(arch::x86::Cr3::pcid.get(cr3)) : u16{0};
    }
};

}  // namespace ringfence::sim::mmu
