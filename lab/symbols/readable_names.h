// SPDX-License-Identifier: MIT
// Addresses as people know them.
#pragma once

#include <string>

#include "sim/observe/symbol_table.h"

namespace ringfence::lab::symbols {

/// "function+0x12", a C++ function by its name in the source, without parameters and without the
/// mention of namespaces that have no name; empty where no symbol covers the address.
[[nodiscard]] std::string name_of(VirtualAddress address, const sim::observe::SymbolTable& symbols);

/// The same; the bare address where no symbol covers it.
[[nodiscard]] std::string describe(VirtualAddress address,
                                   const sim::observe::SymbolTable& symbols);

}  // namespace ringfence::lab::symbols
