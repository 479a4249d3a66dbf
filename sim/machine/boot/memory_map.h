// SPDX-License-Identifier: MIT
// What every boot protocol tells of memory, in a form of its own.
#pragma once

#include <vector>

#include "base/types.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine::boot {

struct MemoryRange {
    u64 address;
    u64 bytes;
    bool is_ram;  ///< else reserved: the BIOS data area, video memory and ROMs of a PC
};

/// By address, without overlap; what is not listed is a hole.
[[nodiscard]] std::vector<MemoryRange> memory_map(const memory::RamLayout& layout);

}  // namespace ringfence::sim::machine::boot
