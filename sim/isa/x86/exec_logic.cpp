// SPDX-License-Identifier: MIT
// AND, OR, XOR, NOT and TEST. [intel/vol1]: 7.3.3, 7.3.6
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::LazyFlags;

template <typename T>
RF_ALWAYS_INLINE T set_logic(LazyFlags& flags, T result) {
    flags.set_logic<T>(result);
    return result;
}

template <typename T>
struct And {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return set_logic(flags, static_cast<T>(left & right));
    }
};

template <typename T>
struct Or {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return set_logic(flags, static_cast<T>(left | right));
    }
};

template <typename T>
struct Xor {
    static constexpr bool writes = true;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return set_logic(flags, static_cast<T>(left ^ right));
    }
};

template <typename T>
struct Test {
    static constexpr bool writes = false;
    RF_ALWAYS_INLINE static T apply(LazyFlags& flags, T left, T right) {
        return set_logic(flags, static_cast<T>(left & right));
    }
};

template <typename T>
struct Not {
    RF_ALWAYS_INLINE static T apply(LazyFlags& /*flags*/, T value) {
        return static_cast<T>(~value);
    }
};

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_AND, bind_binary<And>},   {ZYDIS_MNEMONIC_OR, bind_binary<Or>},
    {ZYDIS_MNEMONIC_XOR, bind_binary<Xor>},   {ZYDIS_MNEMONIC_NOT, bind_unary<Not>},
    {ZYDIS_MNEMONIC_TEST, bind_binary<Test>},
};

}  // namespace

std::span<const BinderRow> logic_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
