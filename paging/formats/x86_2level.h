// SPDX-License-Identifier: MIT
// 32-bit paging of x86: two levels, 4 KiB and 4 MiB pages, no execute permission.
#pragma once

#include "arch/x86/pte_2level.h"
#include "paging/format.h"

namespace ringfence::paging {

/// [intel/vol3]: 4.3, with CR4.PSE = 1
struct X86TwoLevel {
    using Pte = arch::x86::Pte2Level;
    using Word = Pte::Word;
    static constexpr unsigned levels = 2;
    static constexpr unsigned address_bits = 32;
    static constexpr unsigned physical_bits = 32;  ///< PSE-36 could reach 40 with 4 MiB pages
    static constexpr bool break_before_make = false;
    static constexpr bool root_is_loaded = false;
    static constexpr bool tracks_dirty = true;

    static constexpr bool leaf_allowed(unsigned level) { return level <= 2; }
    static constexpr bool canonical(VirtualAddress address) {
        return address.value() <= low_mask(address_bits);
    }
    static constexpr bool supports(const Attributes& attributes) {
        return attributes.software < 8 && attributes.executable;
    }
    static constexpr bool present(Word word) { return Pte::present.test(word); }
    static constexpr bool is_leaf(Word word, unsigned level) {
        return level == 1 || Pte::page_size.test(word);
    }
    static constexpr PhysicalAddress table(Word word) { return Pte::address(word); }
    static constexpr PhysicalAddress leaf(Word word, unsigned level) {
        return level == 2 ? Pte::large_address(word) : Pte::address(word);
    }
    static constexpr Word make_table(PhysicalAddress frame, unsigned /*level*/) {
        return static_cast<Word>(frame.value()) | Pte::present.mask | Pte::writable.mask |
               Pte::user.mask;
    }
    static constexpr Word make_leaf(PhysicalAddress frame, const Attributes& attributes,
                                    unsigned level) {
        const auto type = static_cast<Word>(attributes.memory_type);
        const Word address =
            level == 2 ? Pte::make_large_address(frame) : static_cast<Word>(frame.value());
        return address | Pte::present.mask | Pte::writable.make(attributes.writable) |
               Pte::user.make(attributes.user) | Pte::pwt.make(type) | Pte::pcd.make(type >> 1) |
               Pte::page_size.make(level > 1) | Pte::global.make(attributes.global) |
               Pte::software.make(attributes.software);
    }
    static constexpr Attributes attributes(Word word, unsigned /*level*/) {
        return {
            .writable = Pte::writable.test(word),
            .executable = true,
            .user = Pte::user.test(word),
            .global = Pte::global.test(word),
            .memory_type = static_cast<MemoryType>(Pte::pwt.get(word) | Pte::pcd.get(word) << 1),
            .software = static_cast<u8>(Pte::software.get(word))};
    }
    static constexpr Attributes table_limit(Word word, unsigned /*level*/) {
        return {
            .writable = Pte::writable.test(word), .executable = true, .user = Pte::user.test(word)};
    }
    static constexpr bool accessed(Word word) { return Pte::accessed.test(word); }
    static constexpr bool dirty(Word word) { return Pte::dirty.test(word); }
    static constexpr Word unused(Word word) { return word & ~usage; }
    static constexpr Word with_usage(Word word, Word used) { return word | (used & usage); }
    static constexpr bool needs_break(Word /*from*/, Word /*to*/, unsigned /*level*/) {
        return false;
    }
    static constexpr bool can_forbid_execute(unsigned /*level*/) { return false; }
    static constexpr Word forbid_execute(Word word, unsigned /*level*/) { return word; }

private:
    static constexpr Word usage = Pte::accessed.mask | Pte::dirty.mask;
};

static_assert(PageTableFormat<X86TwoLevel>);
static_assert(Geometry<X86TwoLevel>::shift(2) == 22 && Geometry<X86TwoLevel>::index_bits(2) == 10);
static_assert(Geometry<X86TwoLevel>::shift(1) == 12 && Geometry<X86TwoLevel>::index_bits(1) == 10);

}  // namespace ringfence::paging
