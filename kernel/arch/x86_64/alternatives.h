// SPDX-License-Identifier: MIT
// Instructions that this CPU or this configuration does without: replaced by NOPs once, at boot,
// before the text that holds them becomes read-only.
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// Numbers as in entry_macros.inc.
enum class Alternative : u32 { Pcid = 0, Smap = 1 };

/// Call once, while the boot tables are loaded (they map all of the image writable).
void apply_alternatives(bool keep_pcid, bool keep_smap);

// The steps of it. Text may be changed where apply_alternatives may be called.

/// Where text at `address` was loaded, as the direct map shows it.
[[nodiscard]] u8* loaded_text(VirtualAddress address);
/// One NOP of `length` bytes, or more for what is longer than the longest.
void write_nops(u8* text, usize length);

}  // namespace ringfence::kernel::arch
