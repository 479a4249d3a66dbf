// SPDX-License-Identifier: MIT
// Instructions that this CPU or this configuration does without: replaced by NOPs once, at boot,
// before the text that holds them becomes read-only.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// Numbers as in entry_macros.inc.
enum class Alternative : u32 { Pcid = 0, Smap = 1 };

/// Call once, while the boot tables are loaded (they map all of the image writable).
void apply_alternatives(bool keep_pcid, bool keep_smap);

}  // namespace ringfence::kernel::arch
