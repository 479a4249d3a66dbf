// SPDX-License-Identifier: MIT
// The memory type range registers: which physical addresses are of which type.
#pragma once

#include <optional>

#include "arch/x86/msr.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 12.11, table 12-8
constexpr bool is_memory_type(u64 value) {
    switch (static_cast<Pat::Type>(value)) {
        case Pat::Type::Uncacheable:
        case Pat::Type::WriteCombining:
        case Pat::Type::WriteThrough:
        case Pat::Type::WriteProtected:
        case Pat::Type::WriteBack:
            return true;
        case Pat::Type::Uncached:  // of the PAT alone
            break;
    }
    return false;
}

/// IA32_MTRRCAP: [intel/vol3]: 12.11.1
struct MtrrCapabilities {
    static constexpr Bitfield<0, 8> ranges{};  ///< how many there are that software chooses
    static constexpr Flag<8> fixed{};          ///< those below 1 MiB exist
    static constexpr Flag<10> write_combining{};
    static constexpr Flag<11> smrr{};
};

/// IA32_MTRR_DEF_TYPE: [intel/vol3]: 12.11.2.1
struct MtrrDefault {
    static constexpr Bitfield<0, 8> type{};  ///< where no range is
    static constexpr Flag<10> fixed_enabled{};
    static constexpr Flag<11> enabled{};
    static constexpr u64 defined = type.mask | fixed_enabled.mask | enabled.mask;
};

/// IA32_MTRR_PHYSBASEn and IA32_MTRR_PHYSMASKn: [intel/vol3]: 12.11.2.3. Frames end where the
/// processor's physical addresses do.
struct MtrrBase {
    static constexpr Bitfield<0, 8> type{};
    static constexpr Bitfield<12, 40> frame{};
};
struct MtrrMask {
    static constexpr Flag<11> valid{};
    static constexpr Bitfield<12, 40> frame{};
};

/// Eight types each, for the first mebibyte in ascending order. [intel/vol3]: 12.11.2.2, table 12-9
inline constexpr unsigned fixed_mtrr_count = 11;
/// Which of them `msr` is; nothing for another register.
constexpr std::optional<unsigned> fixed_mtrr_index(Msr msr) {
    constexpr u32 of_64k = 0x250;
    constexpr u32 of_16k = 0x258;
    constexpr u32 of_4k = 0x268;
    const u32 number = static_cast<u32>(msr);
    if (number == of_64k) {
        return 0;
    }
    if (number - of_16k < 2) {
        return 1 + (number - of_16k);
    }
    return number - of_4k < 8 ? std::optional{3 + (number - of_4k)} : std::nullopt;
}
static_assert(fixed_mtrr_index(static_cast<Msr>(0x250)) == 0U);
static_assert(fixed_mtrr_index(static_cast<Msr>(0x259)) == 2U);
static_assert(fixed_mtrr_index(static_cast<Msr>(0x26f)) == fixed_mtrr_count - 1);
static_assert(!fixed_mtrr_index(Msr::IA32_PAT));

}  // namespace ringfence::arch::x86
