// SPDX-License-Identifier: MIT
// One loader for each boot protocol. Each puts the kernel, its modules and what the protocol hands
// over into guest memory, and says how the processor starts. Files may hold any bytes: an error is
// one line that says what is wrong, where, and what was expected.
#pragma once

#include <string>

#include "base/result.h"
#include "sim/machine/boot/source.h"
#include "sim/machine/boot/start_state.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine::boot {

using Loaded = Result<StartState, std::string>;

/// By `source.protocol`. `memory` is all zeroes.
Loaded load(memory::PhysicalMemory& memory, const Source& source);

// What it chooses from:

Loaded load_pvh(memory::PhysicalMemory& memory, const Source& source);
Loaded load_linux_elf(memory::PhysicalMemory& memory, const Source& source);
Loaded load_bzimage(memory::PhysicalMemory& memory, const Source& source);
Loaded load_multiboot(memory::PhysicalMemory& memory, const Source& source);

}  // namespace ringfence::sim::machine::boot
