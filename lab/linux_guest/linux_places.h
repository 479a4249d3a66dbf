// SPDX-License-Identifier: MIT
// Where the ways into Linux and out of it are.
#pragma once

#include "sim/observe/place_map.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::linux_guest {

/// The entry text of an x86-64 Linux since 4.17, and within it the code behind the names of its
/// ways out. What decides between SYSRET and IRET has no name of its own and counts as entry.
/// Ranges whose symbols are missing are empty.
[[nodiscard]] sim::observe::PlaceMap places_of(const sim::observe::SymbolTable& symbols);

}  // namespace ringfence::lab::linux_guest
