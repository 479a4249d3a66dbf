// SPDX-License-Identifier: MIT
// Names for a kernel's addresses, from wherever there are any.
#pragma once

#include <string>
#include <string_view>

#include "sim/observe/symbol_table.h"

namespace ringfence::lab::symbols {

/// Those of the ELF file's .symtab; for a Linux without one, those that the image carries for
/// itself. Empty if there are none.
[[nodiscard]] sim::observe::SymbolTable symbols_of(std::string_view elf);

/// Those of a System.map: lines of address, type and name. Throws Failure::Own if the file cannot
/// be read or is none.
[[nodiscard]] sim::observe::SymbolTable read_system_map(const std::string& path);

}  // namespace ringfence::lab::symbols
