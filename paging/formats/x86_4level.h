// SPDX-License-Identifier: MIT
// 4-level and 5-level paging of x86-64.
#pragma once

#include "arch/x86/pte_4level.h"
#include "paging/format.h"

namespace ringfence::paging {

/// [intel/vol3]: 4.5. `Levels` is 4 (48-bit addresses) or 5 (57-bit).
template <unsigned Levels>
struct X86LongFormat {
    using Pte = arch::x86::Pte4Level;
    using Word = Pte::Word;
    static constexpr unsigned levels = Levels;
    static constexpr unsigned address_bits = page_shift + Levels * 9;
    static constexpr unsigned physical_bits = Pte::widest_physical_address;
    static constexpr bool break_before_make = false;
    static constexpr bool root_is_loaded = false;
    static constexpr bool tracks_dirty = true;

    static constexpr bool leaf_allowed(unsigned level) { return level <= 3; }
    static constexpr bool canonical(VirtualAddress address) {
        return sign_extend(address.value(), address_bits) == address.value();
    }
    static constexpr bool supports(const Attributes& attributes) { return attributes.software < 8; }
    static constexpr bool present(Word word) { return Pte::present.test(word); }
    static constexpr bool is_leaf(Word word, unsigned level) {
        return level == 1 || (level <= 3 && Pte::page_size.test(word));
    }
    static constexpr PhysicalAddress table(Word word) { return Pte::address(word); }
    static constexpr PhysicalAddress leaf(Word word, unsigned level) {
        switch (level) {
            case 3:
                return Pte::large_1g_address(word);
            case 2:
                return Pte::large_2m_address(word);
            default:
                return Pte::address(word);
        }
    }
    static constexpr Word make_table(PhysicalAddress frame, unsigned /*level*/) {
        return frame.value() | Pte::present.mask | Pte::writable.mask | Pte::user.mask;
    }
    static constexpr Word make_leaf(PhysicalAddress frame, const Attributes& attributes,
                                    unsigned level) {
        const auto type = static_cast<Word>(attributes.memory_type);
        return frame.value() | Pte::present.mask | Pte::writable.make(attributes.writable) |
               Pte::user.make(attributes.user) | Pte::pwt.make(type) | Pte::pcd.make(type >> 1) |
               Pte::page_size.make(level > 1) | Pte::global.make(attributes.global) |
               Pte::software.make(attributes.software) | Pte::nx.make(!attributes.executable);
    }
    static constexpr Attributes attributes(Word word, unsigned /*level*/) {
        return {
            .writable = Pte::writable.test(word),
            .executable = !Pte::nx.test(word),
            .user = Pte::user.test(word),
            .global = Pte::global.test(word),
            .memory_type = static_cast<MemoryType>(Pte::pwt.get(word) | Pte::pcd.get(word) << 1),
            .software = static_cast<u8>(Pte::software.get(word))};
    }
    static constexpr Attributes table_limit(Word word, unsigned /*level*/) {
        return {.writable = Pte::writable.test(word),
                .executable = !Pte::nx.test(word),
                .user = Pte::user.test(word)};
    }
    static constexpr bool accessed(Word word) { return Pte::accessed.test(word); }
    static constexpr bool dirty(Word word) { return Pte::dirty.test(word); }
    static constexpr Word unused(Word word) { return word & ~usage; }
    static constexpr Word with_usage(Word word, Word used) { return word | (used & usage); }
    static constexpr bool needs_break(Word /*from*/, Word /*to*/, unsigned /*level*/) {
        return false;
    }
    static constexpr bool can_forbid_execute(unsigned /*level*/) { return true; }
    static constexpr Word forbid_execute(Word word, unsigned /*level*/) {
        return word | Pte::nx.mask;
    }

private:
    static constexpr Word usage = Pte::accessed.mask | Pte::dirty.mask;
};

using X86FourLevel = X86LongFormat<4>;
using X86FiveLevel = X86LongFormat<5>;

static_assert(PageTableFormat<X86FourLevel> && PageTableFormat<X86FiveLevel>);
static_assert(X86FourLevel::address_bits == 48 && X86FiveLevel::address_bits == 57);
static_assert(Geometry<X86FourLevel>::shift(4) == 39 && Geometry<X86FourLevel>::shift(3) == 30 &&
              Geometry<X86FourLevel>::shift(2) == 21 && Geometry<X86FourLevel>::shift(1) == 12);
static_assert(Geometry<X86FourLevel>::index_bits(4) == 9);
static_assert(Geometry<X86FiveLevel>::shift(5) == 48 && Geometry<X86FiveLevel>::index_bits(5) == 9);

}  // namespace ringfence::paging
