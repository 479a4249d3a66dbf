// SPDX-License-Identifier: MIT
// Which of the kernel's own instructions on its ways in and out no event was injected before.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::prove {

/// The addresses of the instructions that an ELF file has in `range`: by decoding it from the
/// start, without what fills it up (NOPs, zeroes and breakpoints, and data that is zero).
[[nodiscard]] std::vector<VirtualAddress> instructions_in(std::string_view elf,
                                                          sim::observe::AddressRange range);

/// Those of `all` that are not in `reached`.
[[nodiscard]] std::vector<VirtualAddress> unreached(std::span<const VirtualAddress> all,
                                                    const std::set<VirtualAddress>& reached);

struct UnreachedCode {
    std::string symbol;
    usize instructions;
};
/// By the symbol that covers them, in the order of `addresses`.
[[nodiscard]] std::vector<UnreachedCode> by_symbol(std::span<const VirtualAddress> addresses,
                                                   const sim::observe::SymbolTable& symbols);

}  // namespace ringfence::lab::prove
