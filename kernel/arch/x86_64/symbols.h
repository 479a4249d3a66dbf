// SPDX-License-Identifier: MIT
// Names of the kernel's functions, for backtraces. The table is made from the first link of the
// image by embed_symbols.py and put into the second.
#pragma once

#include <string_view>

#include "base/address.h"

namespace ringfence::kernel::arch {

struct Symbol {
    std::string_view name;  ///< empty: unknown
    u64 offset = 0;         ///< of the address from the symbol's start, in bytes
};

[[nodiscard]] Symbol find_symbol(VirtualAddress address);

/// Whether `address` is kernel text (entry and exit text included).
[[nodiscard]] bool is_kernel_text(VirtualAddress address);

}  // namespace ringfence::kernel::arch
