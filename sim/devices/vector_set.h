// SPDX-License-Identifier: MIT
// One bit for each of the 256 vectors, in eight words as a local APIC's registers show them.
#pragma once

#include <array>
#include <bit>

#include "base/bits.h"
#include "base/types.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

class VectorSet {
public:
    static constexpr unsigned word_count = 8;

    [[nodiscard]] bool has(u8 vector) const {
        return (words_[word_of(vector)] & mask_of(vector)) != 0;
    }
    void insert(u8 vector) { words_[word_of(vector)] |= mask_of(vector); }
    void remove(u8 vector) { words_[word_of(vector)] &= ~mask_of(vector); }
    void put(u8 vector, bool present) { present ? insert(vector) : remove(vector); }
    /// Vectors 32 * `index` and up, from bit 0 on.
    [[nodiscard]] u32 word(unsigned index) const { return words_[index]; }

    /// The highest vector in the set, or -1.
    [[nodiscard]] int highest() const {
        for (unsigned word = word_count; word-- > 0;) {
            if (words_[word] != 0) {
                return static_cast<int>(word * word_bits + word_bits - 1) -
                       std::countl_zero(words_[word]);
            }
        }
        return -1;
    }

    void visit_state(state::Visitor& visitor) { visitor.field("words", words_); }

private:
    static constexpr unsigned word_bits = 32;
    static constexpr unsigned word_of(u8 vector) { return vector / word_bits; }
    static constexpr u32 mask_of(u8 vector) { return bit<u32>(vector % word_bits); }

    std::array<u32, word_count> words_{};
};

}  // namespace ringfence::sim::devices
