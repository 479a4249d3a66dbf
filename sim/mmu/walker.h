// SPDX-License-Identifier: MIT
// The page walk, in every paging mode, written from the manual alone. [intel/vol3]: 4.3 to 4.7
#pragma once

#include <array>
#include <optional>
#include <span>

#include "arch/x86/xsave.h"
#include "base/compiler.h"
#include "base/result.h"
#include "sim/memory/physical_memory.h"
#include "sim/mmu/access.h"
#include "sim/mmu/paging_state.h"

namespace ringfence::sim::mmu {

/// The rights of all entries on the path, combined. [intel/vol3]: 4.6
struct Rights {
    bool writable = true;    ///< R/W is 1 at every level
    bool user = true;        ///< U/S is 1 at every level
    bool executable = true;  ///< XD is 0 at every level, or EFER.NXE is 0
    u8 key = 0;              ///< the leaf's protection key, if its paging mode has them

    bool operator==(const Rights&) const = default;
};

/// What a TLB may keep of a walk.
struct Translation {
    PhysicalAddress page;  ///< of the 4 KiB piece that was asked for
    Rights rights;
    u8 size_shift = 12;  ///< log2 of the size of the page that maps it: 12, 21, 22 or 30
    bool dirty = false;
    bool global = false;  ///< G of the leaf, while CR4.PGE is 1

    /// Whether this is `other` before its page was written to; `page` may be another piece.
    [[nodiscard]] bool is_clean_form_of(const Translation& other) const {
        const auto frame = [](const Translation& of) {
            return of.page.align_down(u64{1} << of.size_shift);
        };
        return !dirty && other.dirty && rights == other.rights && size_shift == other.size_shift &&
               global == other.global && frame(*this) == frame(other);
    }
};

/// An entry that a walk read.
struct WalkStep {
    PhysicalAddress where;
    u64 entry = 0;
    u8 level = 0;  ///< 1 maps 4 KiB pages, or is the last that can; the root has the highest
};

/// The entries that a walk went through, from the root down to where it ended. PAE's PDPTEs are
/// registers and no part of it.
struct WalkPath {
    static constexpr unsigned deepest = 5;
    std::array<WalkStep, deepest> steps{};
    u8 length = 0;
    bool present = false;   ///< it reached a page: `result`
    bool reserved = false;  ///< it ended at a present entry with a reserved bit set
    Translation result;

    [[nodiscard]] std::span<const WalkStep> entries() const { return {steps.data(), length}; }
};

/// Whether PKRU denies the access: data of a user-mode address, to anybody. [intel/vol3]: 4.6.2
inline bool denied_by_key(const Rights& rights, const PagingState& state, AccessKind kind,
                          Privilege privilege) {
    if (!state.protection_keys() || !rights.user || kind == AccessKind::Execute) {
        return false;
    }
    const bool obeys_write_disable = privilege == Privilege::User || state.write_protect();
    return arch::x86::Pkru::access_disabled(state.pkru, rights.key) ||
           (kind == AccessKind::Write && obeys_write_disable &&
            arch::x86::Pkru::write_disabled(state.pkru, rights.key));
}

/// Whether `rights` allow the access. [intel/vol3]: 4.6.1
RF_ALWAYS_INLINE bool allows(const Rights& rights, const PagingState& state, AccessKind kind,
                             Privilege privilege) {
    if (RF_UNLIKELY(denied_by_key(rights, state, kind, privilege))) {
        return false;
    }
    if (privilege == Privilege::User) {
        // User-mode accesses: the address must be a user-mode one; then R/W and XD.
        return rights.user && (kind != AccessKind::Write || rights.writable) &&
               (kind != AccessKind::Execute || rights.executable);
    }
    if (kind == AccessKind::Execute) {
        // Supervisor fetches: XD everywhere; user-mode addresses only without SMEP.
        return rights.executable && !(rights.user && state.smep());
    }
    // Supervisor data accesses: user-mode addresses only without SMAP, or explicitly with AC = 1.
    if (rights.user && state.smap() && privilege != Privilege::SupervisorAc) {
        return false;
    }
    return kind == AccessKind::Read || rights.writable || !state.write_protect();
}

/// The page fault of an access whose walk ended with `present` and `reserved`. [intel/vol3]: 4.7
Fault page_fault(VirtualAddress address, const PagingState& state, AccessKind kind,
                 Privilege privilege, bool present, bool reserved);

class Walker {
public:
    /// Both outlive the walker.
    Walker(memory::PhysicalMemory& memory, const PagingFeatures& features)
        : memory_(memory), features_(features) {}

    /// Walks for an access, checks rights, and sets accessed flags (and the dirty flag, for a
    /// write) as the processor does: only if the access is allowed. `address` is canonical.
    Result<Translation, Fault> walk(const PagingState& state, VirtualAddress address,
                                    AccessKind kind, Privilege privilege);
    /// Whether `walk` would set a flag if it allowed the access.
    [[nodiscard]] bool sets_flags(const PagingState& state, VirtualAddress address,
                                  AccessKind kind);
    /// Walks without rights and without setting flags, and says which entries it read. Where a
    /// table is not RAM, no device hears of it: its entries read as all ones.
    [[nodiscard]] WalkPath trace(const PagingState& state, VirtualAddress address);
    /// Where the page would be that `address` lies in if the leaf at which `path` ended, with P = 0
    /// or a reserved bit, mapped one; nothing if that entry is not a leaf. Includes the offset.
    [[nodiscard]] static std::optional<PhysicalAddress> terminal_frame(const PagingState& state,
                                                                       VirtualAddress address,
                                                                       const WalkPath& path);
    /// As `trace`; the error is a #PF.
    Result<Translation, Fault> inspect(const PagingState& state, VirtualAddress address);

    /// The bits that must be 0 in a present PDPTE of PAE paging. [intel/vol3]: 4.4.1
    [[nodiscard]] u64 pdpte_reserved_bits() const;

private:
    void find(const PagingState& state, VirtualAddress address, WalkPath& path);
    template <typename Format>
    bool follow(const PagingState& state, VirtualAddress address, PhysicalAddress table,
                WalkPath& path);
    void set_flags(const PagingState& state, WalkPath& path, AccessKind kind);
    template <typename Word>
    Word read_entry(PhysicalAddress where) {
        const bool hidden = RF_UNLIKELY(only_looks_) && !memory_.is_ram(where);
        return hidden ? static_cast<Word>(~Word{0}) : memory_.read<Word>(where);
    }

    memory::PhysicalMemory& memory_;
    const PagingFeatures& features_;
    bool only_looks_ = false;
};

}  // namespace ringfence::sim::mmu
