// SPDX-License-Identifier: MIT
// Addition, subtraction and comparison. [intel/vol1]: 7.3.2
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::LazyFlags;

/// At each bit, the carry out of it, when left + right (+ carry) gave `sum`.
template <typename T>
RF_ALWAYS_INLINE T carries_of(T left, T right, T sum) {
    return static_cast<T>((left & right) | ((left | right) & ~sum));
}

/// At each bit, the borrow out of it, when left - right (- borrow) gave `difference`.
template <typename T>
RF_ALWAYS_INLINE T borrows_of(T left, T right, T difference) {
    return static_cast<T>((~left & right) | (~(left ^ right) & difference));
}

template <typename T>
RF_ALWAYS_INLINE T add_with(LazyFlags& flags, T left, T right, bool carry) {
    const auto sum = static_cast<T>(left + right + (carry ? 1 : 0));
    flags.set_arithmetic<T>(sum, carries_of(left, right, sum));
    return sum;
}

template <typename T>
RF_ALWAYS_INLINE T subtract_with(LazyFlags& flags, T left, T right, bool borrow) {
    const auto difference = static_cast<T>(left - right - (borrow ? 1 : 0));
    flags.set_arithmetic<T>(difference, borrows_of(left, right, difference));
    return difference;
}

template <typename T>
struct Add {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return add_with(flags, left, right, false);
    }
};

template <typename T>
struct Adc {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return add_with(flags, left, right, flags.cf());
    }
};

template <typename T>
struct Sub {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return subtract_with(flags, left, right, false);
    }
};

template <typename T>
struct Sbb {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return subtract_with(flags, left, right, flags.cf());
    }
};

template <typename T>
struct Cmp {
    static constexpr bool writes = false;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return subtract_with(flags, left, right, false);
    }
};

/// INC and DEC leave CF alone.
template <typename T>
struct Inc {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value) {
        const bool carry = flags.cf();
        const T result = add_with(flags, value, T{1}, false);
        flags.set_cf(carry);
        return result;
    }
};

template <typename T>
struct Dec {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value) {
        const bool carry = flags.cf();
        const T result = subtract_with(flags, value, T{1}, false);
        flags.set_cf(carry);
        return result;
    }
};

template <typename T>
struct Neg {
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T value) {
        return subtract_with(flags, T{0}, value, false);
    }
};

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_ADD, bind_binary<Add>}, {ZYDIS_MNEMONIC_ADC, bind_binary<Adc>},
    {ZYDIS_MNEMONIC_SUB, bind_binary<Sub>}, {ZYDIS_MNEMONIC_SBB, bind_binary<Sbb>},
    {ZYDIS_MNEMONIC_CMP, bind_binary<Cmp>}, {ZYDIS_MNEMONIC_INC, bind_unary<Inc>},
    {ZYDIS_MNEMONIC_DEC, bind_unary<Dec>},  {ZYDIS_MNEMONIC_NEG, bind_unary<Neg>},
};

}  // namespace

std::span<const BinderRow> arithmetic_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
