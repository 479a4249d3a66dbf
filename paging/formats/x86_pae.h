// SPDX-License-Identifier: MIT
// PAE paging of x86: a root of four pointers without rights, then two levels.
#pragma once

#include "arch/x86/pte_pae.h"
#include "paging/formats/x86_4level.h"

namespace ringfence::paging {

/// [intel/vol3]: 4.4. The four root entries are loaded into the CPU by MOV to CR3, so a change of
/// one is seen only after the root is loaded again.
struct X86Pae : X86LongFormat<4> {
    using RootPte = arch::x86::PdptePae;
    static constexpr unsigned levels = 3;
    static constexpr unsigned address_bits = 32;
    static constexpr bool root_is_loaded = true;

    static constexpr bool leaf_allowed(unsigned level) { return level <= 2; }
    static constexpr bool canonical(VirtualAddress address) {
        return address.value() <= low_mask(address_bits);
    }
    static constexpr bool is_leaf(Word word, unsigned level) {
        return level == 1 || (level == 2 && Pte::page_size.test(word));
    }
    static constexpr Word make_table(PhysicalAddress frame, unsigned level) {
        return level == 3 ? frame.value() | RootPte::present.mask
                          : X86LongFormat<4>::make_table(frame, level);
    }
    static constexpr Attributes table_limit(Word word, unsigned level) {
        return level == 3 ? no_limit : X86LongFormat<4>::table_limit(word, level);
    }
    static constexpr bool can_forbid_execute(unsigned level) { return level < 3; }
    static constexpr Word forbid_execute(Word word, unsigned level) {
        return level < 3 ? X86LongFormat<4>::forbid_execute(word, level) : word;
    }
};

static_assert(PageTableFormat<X86Pae>);
static_assert(Geometry<X86Pae>::shift(3) == 30 && Geometry<X86Pae>::index_bits(3) == 2);
static_assert(Geometry<X86Pae>::shift(2) == 21 && Geometry<X86Pae>::index_bits(2) == 9);
static_assert(Geometry<X86Pae>::shift(1) == 12 && Geometry<X86Pae>::index_bits(1) == 9);

}  // namespace ringfence::paging
