// SPDX-License-Identifier: MIT
// AArch64 stage 1 translation at EL1 and EL0 with the 4 KiB granule and 48-bit addresses.
#pragma once

#include "arch/aarch64/pte_4k.h"
#include "paging/format.h"

namespace ringfence::paging {

enum class TranslationBase : u8 { Ttbr0, Ttbr1 };

/// [arm/arm]: D8.3. Memory types follow arch::aarch64::Mair::standard; the access flag is managed
/// by software and set in every new leaf.
template <TranslationBase Base>
struct Aarch64Format {
    using Pte = arch::aarch64::Pte4K;
    using Word = Pte::Word;
    static constexpr unsigned levels = 4;
    static constexpr unsigned address_bits = 48;
    static constexpr unsigned physical_bits = Pte::physical_bits;
    static constexpr bool break_before_make = true;
    static constexpr bool root_is_loaded = false;
    static constexpr bool tracks_dirty = false;

    static constexpr bool leaf_allowed(unsigned level) { return level <= 3; }
    static constexpr bool canonical(VirtualAddress address) {
        const u64 above = address.value() >> address_bits;
        return above == (Base == TranslationBase::Ttbr0 ? 0 : low_mask(64 - address_bits));
    }
    static constexpr bool supports(const Attributes& attributes) { return attributes.software < 8; }
    static constexpr bool present(Word word) { return Pte::valid.test(word); }
    static constexpr bool is_leaf(Word word, unsigned level) {
        return level == 1 || !Pte::table_or_page.test(word);
    }
    static constexpr PhysicalAddress table(Word word) { return Pte::address(word); }
    static constexpr PhysicalAddress leaf(Word word, unsigned level) {
        switch (level) {
            case 3:
                return PhysicalAddress{word & Pte::block_1g_frame.mask};
            case 2:
                return PhysicalAddress{word & Pte::block_2m_frame.mask};
            default:
                return Pte::address(word);
        }
    }
    static constexpr Word make_table(PhysicalAddress frame, unsigned /*level*/) {
        return frame.value() | Pte::valid.mask | Pte::table_or_page.mask;
    }
    static constexpr Word make_leaf(PhysicalAddress frame, const Attributes& attributes,
                                    unsigned level) {
        const bool kernel_executes = attributes.executable && !attributes.user;
        const bool user_executes = attributes.executable && attributes.user;
        return frame.value() | Pte::valid.mask | Pte::table_or_page.make(level == 1) |
               Pte::attribute_index.make(static_cast<Word>(attributes.memory_type)) |
               Pte::user.make(attributes.user) | Pte::read_only.make(!attributes.writable) |
               Pte::shareability.make(Pte::inner_shareable) | Pte::accessed.mask |
               Pte::not_global.make(!attributes.global) | Pte::pxn.make(!kernel_executes) |
               Pte::uxn.make(!user_executes) | Pte::software.make(attributes.software);
    }
    static constexpr Attributes attributes(Word word, unsigned /*level*/) {
        const bool user = Pte::user.test(word);
        return {.writable = !Pte::read_only.test(word),
                .executable = !(user ? Pte::uxn.test(word) : Pte::pxn.test(word)),
                .user = user,
                .global = !Pte::not_global.test(word),
                .memory_type = static_cast<MemoryType>(Pte::attribute_index.get(word)),
                .software = static_cast<u8>(Pte::software.get(word))};
    }
    static constexpr Attributes table_limit(Word word, unsigned /*level*/) {
        const bool execute_denied =
            Base == TranslationBase::Ttbr0 ? Pte::uxn_table.test(word) : Pte::pxn_table.test(word);
        return {.writable = !Pte::read_only_table.test(word),
                .executable = !execute_denied,
                .user = !Pte::no_user_table.test(word)};
    }
    static constexpr bool accessed(Word word) { return Pte::accessed.test(word); }
    /// Without hardware dirty state, what may be written counts as written.
    static constexpr bool dirty(Word word) { return !Pte::read_only.test(word); }
    static constexpr Word unused(Word word) { return word & ~Pte::accessed.mask; }
    static constexpr Word with_usage(Word word, Word used) {
        return (word & ~Pte::accessed.mask) | (used & Pte::accessed.mask);
    }
    /// [arm/arm]: D8, "Using break-before-make": changing the memory type, the shareability, the
    /// output address or the block size, or making a global entry non-global, needs the entry to be
    /// invalid in between.
    static constexpr bool needs_break(Word from, Word to, unsigned /*level*/) {
        constexpr Word permissions = Pte::user.mask | Pte::read_only.mask | Pte::pxn.mask |
                                     Pte::uxn.mask | Pte::accessed.mask | Pte::software.mask;
        return present(from) && present(to) && ((from ^ to) & ~permissions) != 0;
    }
    static constexpr bool can_forbid_execute(unsigned level) { return level > 1; }
    static constexpr Word forbid_execute(Word word, unsigned /*level*/) {
        return word | Pte::pxn_table.mask;
    }
};

using Aarch64Ttbr0 = Aarch64Format<TranslationBase::Ttbr0>;
using Aarch64Ttbr1 = Aarch64Format<TranslationBase::Ttbr1>;

static_assert(PageTableFormat<Aarch64Ttbr0> && PageTableFormat<Aarch64Ttbr1>);
static_assert(Geometry<Aarch64Ttbr0>::shift(4) == 39 && Geometry<Aarch64Ttbr0>::index_bits(4) == 9);
static_assert(Geometry<Aarch64Ttbr0>::shift(1) == 12 && Geometry<Aarch64Ttbr0>::index_bits(1) == 9);

}  // namespace ringfence::paging
