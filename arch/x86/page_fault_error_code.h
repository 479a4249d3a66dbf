// SPDX-License-Identifier: MIT
// The error code that a page fault pushes.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 4.7, figure 4-12
struct PageFaultErrorCode {
    static constexpr Flag<0, u32> present{};   ///< P: 1 = rights violated, 0 = not present
    static constexpr Flag<1, u32> write{};     ///< W/R: the access was a write
    static constexpr Flag<2, u32> user{};      ///< U/S: the access was a user-mode one
    static constexpr Flag<3, u32> reserved{};  ///< RSVD: a reserved bit of an entry was set
    static constexpr Flag<4, u32> fetch{};     ///< I/D: a fetch, while NXE (with PAE) or SMEP is on
    static constexpr Flag<5, u32> protection_key{};
    static constexpr Flag<6, u32> shadow_stack{};
    static constexpr Flag<15, u32> sgx{};

    static constexpr u32 defined = present.mask | write.mask | user.mask | reserved.mask |
                                   fetch.mask | protection_key.mask | shadow_stack.mask | sgx.mask;
};
static_assert(PageFaultErrorCode::defined == 0x807f);

}  // namespace ringfence::arch::x86
