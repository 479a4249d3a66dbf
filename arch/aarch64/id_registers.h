// SPDX-License-Identifier: MIT
// The registers in which a CPU says what it is and can.
#pragma once

#include <concepts>

#include "base/bits.h"

namespace ringfence::arch::aarch64 {

/// Those that the project reads.
enum class IdRegister : u8 {
    MIDR_EL1,
    ID_AA64PFR0_EL1,
    ID_AA64MMFR0_EL1,
    ID_AA64MMFR1_EL1,
    ID_AA64MMFR2_EL1,
};

/// Something that answers reads of ID registers: the CPU, a model or a recorded dump.
template <typename T>
concept IdSource = requires(const T& source, IdRegister which) {
    { source.read_id(which) } -> std::same_as<u64>;
};

/// [arm/arm]: MIDR_EL1
struct Midr {
    static constexpr Bitfield<0, 4> revision{};
    static constexpr Bitfield<4, 12> part{};
    static constexpr Bitfield<16, 4> architecture{};
    static constexpr Bitfield<20, 4> variant{};
    static constexpr Bitfield<24, 8> implementer{};

    static constexpr u64 make(u64 who, u64 which, u64 variant_number = 0, u64 step = 0) {
        return implementer.make(who) | part.make(which) | variant.make(variant_number) |
               revision.make(step) | architecture.make(0xf);
    }
    /// Implementer and part alone: all variants and revisions of one model.
    static constexpr u64 model(u64 midr) { return midr & (implementer.mask | part.mask); }
};

/// [arm/arm]: ID_AA64PFR0_EL1
struct IdAa64Pfr0 {
    static constexpr Bitfield<0, 4> el0{};
    static constexpr Bitfield<4, 4> el1{};
    static constexpr Bitfield<16, 4> fp{};  ///< 0xf: none
    static constexpr Bitfield<56, 4> csv2{};
    /// 1: a load that faults cannot give its data to what depends on it: no Meltdown.
    static constexpr Bitfield<60, 4> csv3{};
};

/// [arm/arm]: ID_AA64MMFR0_EL1
struct IdAa64Mmfr0 {
    static constexpr Bitfield<0, 4> pa_range{};
    static constexpr Bitfield<4, 4> asid_bits{};    ///< 0: 8 bits, 2: 16
    static constexpr Bitfield<28, 4> granule_4k{};  ///< 0xf: none
};

/// [arm/arm]: ID_AA64MMFR1_EL1
struct IdAa64Mmfr1 {
    static constexpr Bitfield<0, 4> access_and_dirty{};  ///< HAFDBS: 1 access flag, 2 dirty too
    static constexpr Bitfield<20, 4> pan{};
};

/// [arm/arm]: ID_AA64MMFR2_EL1
struct IdAa64Mmfr2 {
    static constexpr Bitfield<52, 4> bbm{};  ///< level of break-before-make relief
    static constexpr Bitfield<60, 4>
        e0pd{};  ///< EL0 accesses to one half can be made to fault early
};

}  // namespace ringfence::arch::aarch64
