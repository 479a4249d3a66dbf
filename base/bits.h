// SPDX-License-Identifier: MIT
// Named bit fields, so that masks and shifts are written once, where a hardware layout is declared.
#pragma once

#include "base/types.h"

namespace ringfence {

/// The value with bit `index` set.
template <typename Word = u64>
constexpr Word bit(unsigned index) {
    return static_cast<Word>(Word{1} << index);
}

/// The value with its `width` low bits set; `width` may be the whole word.
template <typename Word = u64>
constexpr Word low_mask(unsigned width) {
    return width >= sizeof(Word) * 8 ? static_cast<Word>(~Word{0})
                                     : static_cast<Word>((Word{1} << width) - 1);
}

/// A field of `Width` bits that starts at bit `Shift` of a hardware word.
template <unsigned Shift, unsigned Width, typename Word = u64>
struct Bitfield {
    static_assert(Width > 0 && Shift + Width <= sizeof(Word) * 8);
    static constexpr unsigned shift = Shift;
    static constexpr unsigned width = Width;
    static constexpr Word mask = static_cast<Word>(low_mask<Word>(Width) << Shift);

    /// The field's value, moved down to bit 0.
    static constexpr Word get(Word word) { return static_cast<Word>((word & mask) >> Shift); }
    /// `word` with the field replaced by the low bits of `value`.
    static constexpr Word set(Word word, Word value) {
        return static_cast<Word>((word & ~mask) | ((value << Shift) & mask));
    }
    /// A word with only this field set.
    static constexpr Word make(Word value) { return set(0, value); }
    static constexpr bool test(Word word) { return (word & mask) != 0; }
};

/// A single flag.
template <unsigned Shift, typename Word = u64>
using Flag = Bitfield<Shift, 1, Word>;

/// `alignment` is a power of two.
constexpr u64 align_down(u64 value, u64 alignment) {
    return value & ~(alignment - 1);
}
constexpr u64 align_up(u64 value, u64 alignment) {
    return align_down(value + alignment - 1, alignment);
}
constexpr bool is_aligned(u64 value, u64 alignment) {
    return (value & (alignment - 1)) == 0;
}

/// Copies bit `width - 1` of `value` into every bit above it.
constexpr u64 sign_extend(u64 value, unsigned width) {
    const unsigned unused = 64 - width;
    return static_cast<u64>(static_cast<i64>(value << unused) >> unused);
}

}  // namespace ringfence
