// SPDX-License-Identifier: MIT
// A range of virtual addresses, and its division by the entries of a table.
#pragma once

#include "paging/format.h"

namespace ringfence::paging {

/// First and last byte: unlike first and end, it can reach the top of the address space.
struct Span {
    VirtualAddress first;
    VirtualAddress last;

    [[nodiscard]] constexpr u64 bytes() const { return last - first + 1; }
    constexpr bool operator==(const Span&) const = default;
};

/// Whether the root of format F translates all of `range`, without a hole in between.
template <typename F>
constexpr bool translatable(Span range) {
    return range.first <= range.last && F::canonical(range.first) && F::canonical(range.last) &&
           (range.first.value() ^ range.last.value()) >> 63 == 0;
}

/// Calls `visit(Span)` for each stretch of addresses that a root of format F translates: two halves
/// in x86-64, else one.
template <typename F, typename Visit>
constexpr void for_each_half(Visit visit) {
    const bool low = F::canonical(VirtualAddress{0});
    const bool high = F::canonical(VirtualAddress{~u64{0}});
    const u64 reach = low_mask(low && high ? F::address_bits - 1 : F::address_bits);
    if (low) {
        visit(Span{VirtualAddress{0}, VirtualAddress{reach}});
    }
    if (high) {
        visit(Span{VirtualAddress{~reach}, VirtualAddress{~u64{0}}});
    }
}

/// One entry of a table, and what it translates.
struct Slot {
    PhysicalAddress table;
    unsigned level;
    unsigned index;
    Span whole;    ///< all that the entry translates
    Span covered;  ///< what of it lies in the range that is being worked on

    /// Where the entry is stored.
    template <typename F>
    [[nodiscard]] constexpr PhysicalAddress address() const {
        return table + u64{index} * sizeof(typename F::Word);
    }
    [[nodiscard]] constexpr bool fully_covered() const { return whole == covered; }
};

/// Calls `visit(slot)` for each entry of `table` that translates part of `range`, in order, until
/// it returns false. Returns whether all were visited.
template <typename F, typename Visit>
constexpr bool for_each_slot(PhysicalAddress table, unsigned level, Span range, Visit visit) {
    const u64 span = Geometry<F>::entry_span(level);
    VirtualAddress base = range.first.align_down(span);
    for (unsigned index = Geometry<F>::index(range.first, level);; ++index, base += span) {
        const Span whole{base, base + (span - 1)};
        const Span covered{whole.first < range.first ? range.first : whole.first,
                           whole.last > range.last ? range.last : whole.last};
        if (!visit(Slot{table, level, index, whole, covered})) {
            return false;
        }
        if (whole.last >= range.last) {
            return true;
        }
    }
}

}  // namespace ringfence::paging
