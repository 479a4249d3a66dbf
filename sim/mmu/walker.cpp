// SPDX-License-Identifier: MIT
#include "sim/mmu/walker.h"

#include <array>

#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_2level.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/pte_pae.h"
#include "base/compiler.h"

namespace ringfence::sim::mmu {

using arch::x86::Cr3;
using arch::x86::Cr4;
using arch::x86::ExceptionVector;
using arch::x86::PageFaultErrorCode;
using arch::x86::PdptePae;
using arch::x86::Pte2Level;
using arch::x86::Pte4Level;
using arch::x86::PtePae;

Fault page_fault(VirtualAddress address, const PagingState& state, AccessKind kind,
                 Privilege privilege, bool present, bool reserved) {
    const bool tells_fetches = state.smep() || (Cr4::pae.test(state.cr4) && state.no_execute());
    u32 code = PageFaultErrorCode::present.make(present ? 1 : 0);
    code |= PageFaultErrorCode::write.make(kind == AccessKind::Write ? 1 : 0);
    code |= PageFaultErrorCode::user.make(privilege == Privilege::User ? 1 : 0);
    code |= PageFaultErrorCode::reserved.make(reserved ? 1 : 0);
    code |= PageFaultErrorCode::fetch.make(kind == AccessKind::Execute && tells_fetches ? 1 : 0);
    return {ExceptionVector::PageFault, code, address};
}

namespace {

constexpr unsigned page_bits = 12;

/// 32-bit paging. [intel/vol3]: 4.3
struct TwoLevelFormat {
    using Entry = Pte2Level;
    static constexpr unsigned index_bits = 10;

    static unsigned top_level(const PagingState&) { return 2; }
    static bool is_leaf(u32 entry, unsigned level, const PagingState& state) {
        return level == 1 ||
               (Entry::page_size.test(entry) && Cr4::pse.test(state.cr4));  // CR4.PSE = 0: ignored
    }
    /// Table 4-4: only a 4 MiB page has reserved bits.
    static u32 reserved_bits(bool leaf, unsigned level, const PagingState&,
                             const PagingFeatures& features) {
        if (!leaf || level == 1) {
            return 0;
        }
        return Entry::large_reserved_bits(
            features.page_size_extensions_36 ? features.physical_address_bits : 32);
    }
    static PhysicalAddress page(u32 entry, unsigned level) {
        return level == 1 ? Entry::address(entry) : Entry::large_address(entry);
    }
    static bool executable(u32) { return true; }
    static u8 key(u32) { return 0; }
};

/// What PAE, 4-level and 5-level paging have in common.
struct EightByteFormat {
    using Entry = Pte4Level;
    static constexpr unsigned index_bits = 9;

    static PhysicalAddress page(u64 entry, unsigned level) {
        return level == 1   ? Entry::address(entry)
               : level == 2 ? Entry::large_2m_address(entry)
                            : Entry::large_1g_address(entry);
    }
    static bool executable(u64 entry) { return !Entry::nx.test(entry); }
    /// XD is reserved while EFER.NXE = 0, at every level.
    static u64 reserved_nx(const PagingState& state) {
        return state.no_execute() ? 0 : Entry::nx.mask;
    }
};

/// PAE paging below the PDPTEs. [intel/vol3]: 4.4.2
struct PaeFormat : EightByteFormat {
    static u8 key(u64) { return 0; }
    static unsigned top_level(const PagingState&) { return 2; }
    static bool is_leaf(u64 entry, unsigned level, const PagingState&) {
        return level == 1 || Entry::page_size.test(entry);
    }
    static u64 reserved_bits(bool leaf, unsigned level, const PagingState& state,
                             const PagingFeatures& features) {
        u64 bits = PtePae::reserved_bits(features.physical_address_bits) | reserved_nx(state);
        if (leaf && level == 2) {
            bits |= Entry::large_2m_reserved.mask;
        }
        return bits;
    }
};

/// 4-level and 5-level paging. [intel/vol3]: 4.5.4
struct LongFormat : EightByteFormat {
    static u8 key(u64 entry) { return static_cast<u8>(Entry::protection_key.get(entry)); }
    static unsigned top_level(const PagingState& state) {
        return state.mode() == PagingMode::FiveLevel ? 5 : 4;
    }
    static bool is_leaf(u64 entry, unsigned level, const PagingState&) {
        return level == 1 || (level <= 3 && Entry::page_size.test(entry));
    }
    static u64 reserved_bits(bool leaf, unsigned level, const PagingState& state,
                             const PagingFeatures& features) {
        u64 bits =
            Entry::reserved_address_bits(features.physical_address_bits) | reserved_nx(state);
        if (level >= 4 || (level == 3 && !features.gigabyte_pages)) {
            bits |= Entry::page_size.mask;
        }
        if (leaf && level == 3) {
            bits |= Entry::large_1g_reserved.mask;
        } else if (leaf && level == 2) {
            bits |= Entry::large_2m_reserved.mask;
        }
        return bits;
    }
};

}  // namespace

/// The steps of [intel/vol3]: 4.3, 4.4.2 and 4.5.4: read the entry that the address selects; not
/// present ends the walk, so does a reserved bit; a leaf gives the page, anything else the next
/// table. Rights are combined on the way (4.6). The caller has put the root table into `table`.
template <typename Format>
bool Walker::follow(const PagingState& state, VirtualAddress address, PhysicalAddress table,
                    WalkPath& path) {
    using Entry = typename Format::Entry;
    using Word = typename Entry::Word;
    for (unsigned level = Format::top_level(state);; --level) {
        const unsigned shift = page_bits + (level - 1) * Format::index_bits;
        const u64 index = (address.value() >> shift) & low_mask(Format::index_bits);
        const PhysicalAddress where = table + index * sizeof(Word);
        const Word entry = read_entry<Word>(where);
        path.steps[path.length++] = {where, entry, static_cast<u8>(level)};

        if (!Entry::present.test(entry)) {
            return false;
        }
        const bool leaf = Format::is_leaf(entry, level, state);
        if ((entry & Format::reserved_bits(leaf, level, state, features_)) != 0) {
            path.reserved = true;
            return false;
        }
        Rights& rights = path.result.rights;
        rights.writable = rights.writable && Entry::writable.test(entry);
        rights.user = rights.user && Entry::user.test(entry);
        rights.executable = rights.executable && Format::executable(entry);
        if (leaf) {
            const u64 inside = address.value() & low_mask(shift);
            path.result.page = Format::page(entry, level) + align_down(inside, memory::page_size);
            path.result.size_shift = static_cast<u8>(shift);
            path.result.dirty = Entry::dirty.test(entry);
            path.result.global = Entry::global.test(entry) && state.global_pages();
            rights.key = Format::key(entry);
            path.present = true;
            return true;
        }
        table = Entry::address(entry);
    }
}

void Walker::find(const PagingState& state, VirtualAddress address, WalkPath& path) {
    switch (state.mode()) {
        case PagingMode::TwoLevel: {
            // CR3 gives bits 31:12 of the page directory (table 4-3).
            const PhysicalAddress root{Cr3::root(state.cr3).value() & low_mask(32)};
            follow<TwoLevelFormat>(state, address, root, path);
            return;
        }
        case PagingMode::Pae: {
            // Bits 31:30 select a PDPTE register; it has no rights and no accessed flag.
            const u64 pdpte = state.pdptes[Bitfield<30, 2>::get(address.value())];
            if (PdptePae::present.test(pdpte)) {
                const PhysicalAddress table{pdpte & PdptePae::frame.mask};
                follow<PaeFormat>(state, address, table, path);
            }
            return;
        }
        case PagingMode::FourLevel:
        case PagingMode::FiveLevel:
            follow<LongFormat>(state, address, Cr3::root(state.cr3), path);
            return;
        case PagingMode::Off:
            break;
    }
    RF_UNREACHABLE("no walk without paging");
}

namespace {

/// [intel/vol3]: 4.8: A in every entry that took part, D in the leaf of a write.
u64 with_flags(const WalkPath& path, unsigned step, AccessKind kind) {
    const bool leaf = step + 1U == path.length;
    return path.steps[step].entry | Pte4Level::accessed.mask |
           (leaf && kind == AccessKind::Write ? Pte4Level::dirty.mask : 0);
}

}  // namespace

void Walker::set_flags(const PagingState& state, WalkPath& path, AccessKind kind) {
    const bool small_entries = state.mode() == PagingMode::TwoLevel;
    for (unsigned i = 0; i < path.length; ++i) {
        const u64 wanted = with_flags(path, i, kind);
        const PhysicalAddress where = path.steps[i].where;
        if (wanted == path.steps[i].entry) {
            continue;
        }
        if (small_entries) {
            memory_.write(where, static_cast<u32>(wanted));
        } else {
            memory_.write(where, wanted);
        }
    }
    path.result.dirty = path.result.dirty || kind == AccessKind::Write;
}
static_assert(Pte2Level::accessed.mask == Pte4Level::accessed.mask &&
              Pte2Level::dirty.mask == Pte4Level::dirty.mask);

Result<Translation, Fault> Walker::walk(const PagingState& state, VirtualAddress address,
                                        AccessKind kind, Privilege privilege) {
    WalkPath path;
    find(state, address, path);
    if (!path.present || !allows(path.result.rights, state, kind, privilege)) {
        const bool entry_present = path.present || path.reserved;
        Fault fault = page_fault(address, state, kind, privilege, entry_present, path.reserved);
        if (path.present && denied_by_key(path.result.rights, state, kind, privilege)) {
            fault.error_code |= PageFaultErrorCode::protection_key.mask;
        }
        return Error{fault};
    }
    set_flags(state, path, kind);
    return path.result;
}

bool Walker::sets_flags(const PagingState& state, VirtualAddress address, AccessKind kind) {
    const WalkPath path = trace(state, address);
    for (unsigned i = 0; i < path.length; ++i) {
        if (with_flags(path, i, kind) != path.steps[i].entry) {
            return path.present;
        }
    }
    return false;
}

WalkPath Walker::trace(const PagingState& state, VirtualAddress address) {
    WalkPath path;
    only_looks_ = true;
    find(state, address, path);
    only_looks_ = false;
    return path;
}

namespace {

/// The page that `entry` would map if it were present, with `address`'s place in it; nothing if it
/// would name a table.
template <typename Format>
std::optional<PhysicalAddress> frame_in(const WalkStep& last, const PagingState& state,
                                        VirtualAddress address) {
    const auto entry = static_cast<typename Format::Entry::Word>(last.entry);
    if (!Format::is_leaf(entry, last.level, state)) {
        return std::nullopt;
    }
    const unsigned shift = page_bits + (last.level - 1U) * Format::index_bits;
    return Format::page(entry, last.level) + (address.value() & low_mask(shift));
}

}  // namespace

std::optional<PhysicalAddress> Walker::terminal_frame(const PagingState& state,
                                                      VirtualAddress address,
                                                      const WalkPath& path) {
    if (path.present || path.length == 0) {
        return std::nullopt;
    }
    const WalkStep& last = path.steps[path.length - 1U];
    switch (state.mode()) {
        case PagingMode::TwoLevel:
            return frame_in<TwoLevelFormat>(last, state, address);
        case PagingMode::Pae:
            return frame_in<PaeFormat>(last, state, address);
        default:
            return frame_in<LongFormat>(last, state, address);
    }
}

Result<Translation, Fault> Walker::inspect(const PagingState& state, VirtualAddress address) {
    const WalkPath path = trace(state, address);
    if (!path.present) {
        return Error{page_fault(address, state, AccessKind::Read, Privilege::Supervisor,
                                path.reserved, path.reserved)};
    }
    return path.result;
}

u64 Walker::pdpte_reserved_bits() const {
    return PdptePae::reserved_bits(features_.physical_address_bits);
}

}  // namespace ringfence::sim::mmu
