// SPDX-License-Identifier: MIT
// What a page-table format has to say about itself, and what follows from it.
//
// Levels are counted from the bottom: level 1 holds the smallest pages, level `levels` is the root.
#pragma once

#include <concepts>

#include "base/address.h"
#include "base/bits.h"
#include "paging/attributes.h"

namespace ringfence::paging {

/// The traits of a format. Words are entries as the hardware reads them; 0 is "not present" in all.
template <typename F>
concept PageTableFormat = requires(typename F::Word word, PhysicalAddress frame, unsigned level,
                                   VirtualAddress address, Attributes attributes) {
    requires sizeof(typename F::Word) == 4 || sizeof(typename F::Word) == 8;
    { F::levels } -> std::convertible_to<unsigned>;
    { F::address_bits } -> std::convertible_to<unsigned>;  ///< translated, the root's included
    { F::physical_bits } -> std::convertible_to<unsigned>;
    { F::break_before_make } -> std::convertible_to<bool>;  ///< see Mapper
    { F::root_is_loaded } -> std::convertible_to<bool>;     ///< root entries live in CPU registers
    { F::tracks_dirty } -> std::convertible_to<bool>;       ///< hardware notes writes in leaves
    /// Whether an entry of `level` may map memory itself.
    { F::leaf_allowed(level) } -> std::same_as<bool>;
    /// Whether the tables of this root translate `address` at all.
    { F::canonical(address) } -> std::same_as<bool>;
    /// Whether a leaf can carry exactly these attributes.
    { F::supports(attributes) } -> std::same_as<bool>;
    { F::present(word) } -> std::same_as<bool>;
    { F::is_leaf(word, level) } -> std::same_as<bool>;  ///< of a present word
    { F::table(word) } -> std::same_as<PhysicalAddress>;
    { F::leaf(word, level) } -> std::same_as<PhysicalAddress>;
    /// A table entry that limits nothing.
    { F::make_table(frame, level) } -> std::same_as<typename F::Word>;
    { F::make_leaf(frame, attributes, level) } -> std::same_as<typename F::Word>;
    { F::attributes(word, level) } -> std::same_as<Attributes>;  ///< of a leaf
    { F::table_limit(word, level) } -> std::same_as<Attributes>;
    { F::accessed(word) } -> std::same_as<bool>;
    { F::dirty(word) } -> std::same_as<bool>;
    /// `leaf` as if it had not been used since it was made.
    { F::unused(word) } -> std::same_as<typename F::Word>;
    /// `word` with the accessed and dirty state of `used`.
    { F::with_usage(word, word) } -> std::same_as<typename F::Word>;
    /// Whether a live leaf may not be replaced in one store: break-before-make applies.
    { F::needs_break(word, word, level) } -> std::same_as<bool>;
    /// Whether forbid_execute() has an effect on entries of `level`.
    { F::can_forbid_execute(level) } -> std::same_as<bool>;
    /// A table entry that also denies instruction fetches by the kernel below it.
    { F::forbid_execute(word, level) } -> std::same_as<typename F::Word>;
};

/// All formats share the 4 KiB page.
inline constexpr unsigned page_shift = 12;
inline constexpr u64 page_size = u64{1} << page_shift;

/// The geometry that follows from entry size, address width and number of levels: a table fills one
/// page, and the root takes the bits that are left.
template <typename F>
struct Geometry {
    static constexpr unsigned full_index_bits =
        page_shift - (sizeof(typename F::Word) == 8 ? 3 : 2);

    /// Lowest address bit that an index of `level` uses.
    static constexpr unsigned shift(unsigned level) {
        return page_shift + (level - 1) * full_index_bits;
    }
    static constexpr unsigned index_bits(unsigned level) {
        return level == F::levels ? F::address_bits - shift(level) : full_index_bits;
    }
    /// Bytes that one entry of `level` spans.
    static constexpr u64 entry_span(unsigned level) { return u64{1} << shift(level); }
    static constexpr unsigned entries(unsigned level) { return 1U << index_bits(level); }
    static constexpr unsigned index(VirtualAddress address, unsigned level) {
        return static_cast<unsigned>((address.value() >> shift(level)) &
                                     low_mask(index_bits(level)));
    }
    static_assert(F::address_bits > shift(F::levels));
    static_assert(F::address_bits - shift(F::levels) <= full_index_bits);
};

/// The largest page not above `bytes` and not above what the format has: its level.
template <typename F>
constexpr unsigned leaf_level_for(u64 bytes) {
    unsigned best = 1;
    for (unsigned level = 2; level <= F::levels; ++level) {
        if (F::leaf_allowed(level) && Geometry<F>::entry_span(level) <= bytes) {
            best = level;
        }
    }
    return best;
}

}  // namespace ringfence::paging
