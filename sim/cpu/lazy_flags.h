// SPDX-License-Identifier: MIT
// The six status flags, kept as the last result and a word of carries, so that an instruction that
// sets flags stores two words and each flag costs a few operations when it is read.
#pragma once

#include <type_traits>

#include "arch/x86/rflags.h"
#include "base/bits.h"
#include "base/compiler.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// CF, PF, AF, ZF, SF and OF of one logical processor.
///
/// `result` is the last result, sign-extended to 64 bits: it gives ZF, SF and PF. `carries` holds
/// what the result cannot tell:
///   bit 63      CF, the carry out of the most significant bit
///   bit 62      the carry into the most significant bit; OF is bit 63 xor bit 62
///   bit 3       AF, the carry out of bit 3
///   bits 15:8   xored into the result's low byte before its parity is taken
///   bit 0       xored into the result's sign
/// The last two are zero except after an instruction that loads flags directly (POPF, SAHF).
struct LazyFlags {
    using CarryOut = Flag<63>;
    using CarryIn = Flag<62>;
    using Auxiliary = Flag<3>;
    using ParityDelta = Bitfield<8, 8>;
    using SignDelta = Flag<0>;

    u64 result = 1;
    u64 carries = 0;

    [[nodiscard]] RF_ALWAYS_INLINE bool cf() const { return (carries >> 63) != 0; }
    [[nodiscard]] RF_ALWAYS_INLINE bool of() const {
        return ((carries ^ (carries << 1)) >> 63) != 0;
    }
    [[nodiscard]] RF_ALWAYS_INLINE bool af() const { return Auxiliary::test(carries); }
    [[nodiscard]] RF_ALWAYS_INLINE bool zf() const { return result == 0; }
    [[nodiscard]] RF_ALWAYS_INLINE bool sf() const { return ((result >> 63) ^ (carries & 1)) != 0; }
    [[nodiscard]] RF_ALWAYS_INLINE bool pf() const {
        return __builtin_parity(static_cast<u8>(result ^ (carries >> 8))) == 0;
    }

    /// SF != OF: the signed comparison "less".
    [[nodiscard]] RF_ALWAYS_INLINE bool less() const {
        return ((result ^ (carries << 63) ^ carries ^ (carries << 1)) >> 63) != 0;
    }

    /// After an addition or subtraction of `Word`s: `carry_out` has, at each bit, the carry (or
    /// borrow) out of that bit.
    template <typename Word>
    RF_ALWAYS_INLINE void set_arithmetic(Word value, Word carry_out) {
        set_result(value);
        constexpr unsigned unused = 64 - sizeof(Word) * 8;
        carries = ((static_cast<u64>(carry_out) << unused) & (CarryOut::mask | CarryIn::mask)) |
                  (static_cast<u64>(carry_out) & Auxiliary::mask);
    }
    /// After AND, OR, XOR and TEST: CF = OF = AF = 0.
    template <typename Word>
    RF_ALWAYS_INLINE void set_logic(Word value) {
        set_result(value);
        carries = 0;
    }
    /// ZF, SF and PF from `value`, CF and OF as given, AF as given.
    template <typename Word>
    RF_ALWAYS_INLINE void set_result_and(Word value, bool new_cf, bool new_of,
                                         bool new_af = false) {
        set_result(value);
        set_carries(new_cf, new_of, new_af);
    }
    /// Replaces CF alone.
    RF_ALWAYS_INLINE void set_cf(bool value) { set_carry_and_overflow(value, of()); }
    /// Replaces CF and OF; the other four stay.
    RF_ALWAYS_INLINE void set_carry_and_overflow(bool new_cf, bool new_of) {
        const u64 kept = carries & ~(CarryOut::mask | CarryIn::mask);
        carries =
            kept | (static_cast<u64>(new_cf) << 63) | (static_cast<u64>(new_cf != new_of) << 62);
    }
    /// Replaces ZF alone.
    void set_zf(bool value) {
        load((to_rflags() & ~arch::x86::Rflags::zf.mask) |
             (value ? arch::x86::Rflags::zf.mask : 0));
    }

    /// Sets all six from the bits of an RFLAGS image; other bits of the image are ignored.
    void load(u64 rflags) {
        using arch::x86::Rflags;
        const bool zero = Rflags::zf.test(rflags);
        result = zero ? 0 : 0x100;  // low byte 0 (even parity), not negative
        carries = 0;
        set_carries(Rflags::cf.test(rflags), Rflags::of.test(rflags), Rflags::af.test(rflags));
        carries |= SignDelta::make(Rflags::sf.get(rflags)) |
                   ParityDelta::make(Rflags::pf.test(rflags) ? 0 : 1);
    }
    /// The six flags at their places in RFLAGS.
    [[nodiscard]] u64 to_rflags() const {
        using arch::x86::Rflags;
        return Rflags::cf.make(cf()) | Rflags::pf.make(pf()) | Rflags::af.make(af()) |
               Rflags::zf.make(zf()) | Rflags::sf.make(sf()) | Rflags::of.make(of());
    }

    void visit_state(state::Visitor& visitor);

private:
    template <typename Word>
    RF_ALWAYS_INLINE void set_result(Word value) {
        using Signed = std::make_signed_t<Word>;
        result = static_cast<u64>(static_cast<i64>(static_cast<Signed>(value)));
    }
    RF_ALWAYS_INLINE void set_carries(bool new_cf, bool new_of, bool new_af) {
        carries = (static_cast<u64>(new_cf) << 63) | (static_cast<u64>(new_cf != new_of) << 62) |
                  (static_cast<u64>(new_af) << 3);
    }
};

}  // namespace ringfence::sim::cpu
