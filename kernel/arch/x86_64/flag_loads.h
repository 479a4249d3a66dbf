// SPDX-License-Identifier: MIT
// Which instructions load TF: a debugger that steps over one must leave to the program what it
// says.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Whether 64-bit code that begins with `code` is POPF or IRET, behind any prefixes. [intel/vol2]:
/// 2.1.1, 2.2.1, POPF, IRET
constexpr bool loads_flags(std::span<const u8> code) {
    constexpr u8 popf = 0x9d;
    constexpr u8 iret = 0xcf;
    for (const u8 byte : code) {
        switch (byte) {
            case popf:
            case iret:
                return true;
            case 0x26:  // segment overrides
            case 0x2e:
            case 0x36:
            case 0x3e:
            case 0x64:
            case 0x65:
            case 0x66:  // operand and address size
            case 0x67:
            case 0xf0:  // LOCK, REPNE, REP
            case 0xf2:
            case 0xf3:
                continue;
            default:
                break;
        }
        constexpr u8 rex = 0x40;
        constexpr u8 rex_mask = 0xf0;
        if ((byte & rex_mask) != rex) {
            return false;
        }
    }
    return false;
}

}  // namespace ringfence::kernel::arch
