// SPDX-License-Identifier: MIT
// Puts a kernel, its initramfs and the boot information into guest memory, as the PVH boot ABI
// says. [xen/pvh]
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine {

/// Where the processor starts.
struct PvhEntry {
    PhysicalAddress instruction;
    PhysicalAddress start_info;
};

/// Loads by the physical addresses of the ELF program headers. The kernel may be any bytes: the
/// error is one line that says what is wrong with it.
///
///   0x80000   StartInfo, modules, memory map, command line (up to 0x9fc00)
///   0x100000  the kernel, wherever its program headers say
///   top       the initramfs, ending at the last page of RAM below the device hole
Result<PvhEntry, std::string> load_pvh(memory::PhysicalMemory& memory, std::span<const u8> kernel,
                                       std::span<const u8> initramfs,
                                       std::string_view command_line);

}  // namespace ringfence::sim::machine
