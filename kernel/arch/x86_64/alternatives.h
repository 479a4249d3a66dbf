// SPDX-License-Identifier: MIT
// Instructions that this CPU or this configuration does without: replaced by NOPs once, at boot,
// before the text that holds them becomes read-only.
#pragma once

#include "base/address.h"
#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// When an instruction is kept. Numbers as in entry_macros.inc.
enum class Alternative : u32 {
    Pcid = 0,
    Smap = 1,
    // Of the next three exactly one is kept (extended_state.S).
    NoXsave = 2,
    XsaveOnly = 3,  ///< XSAVE without XSAVEOPT
    Xsaveopt = 4,
    Xsave = 5,  ///< with or without XSAVEOPT
};

class AlternativeSet {
public:
    constexpr void keep_if(bool wanted, Alternative which) { bits_ |= wanted ? bit_of(which) : 0; }
    [[nodiscard]] constexpr bool keeps(Alternative which) const {
        return (bits_ & bit_of(which)) != 0;
    }

private:
    static constexpr u32 bit_of(Alternative which) { return bit<u32>(static_cast<u32>(which)); }

    u32 bits_ = 0;
};

/// Call once, while the boot tables are loaded (they map all of the image writable).
void apply_alternatives(AlternativeSet kept);

// The steps of it. Text may be changed where apply_alternatives may be called.

/// Where text at `address` was loaded, as the direct map shows it.
[[nodiscard]] u8* loaded_text(VirtualAddress address);
/// One NOP of `length` bytes, or more for what is longer than the longest.
void write_nops(u8* text, usize length);

}  // namespace ringfence::kernel::arch
