// SPDX-License-Identifier: MIT
// What the loader said: the memory map, the command line and the modules. [xen/pvh]
#pragma once

#include <span>
#include <string_view>

#include "base/address.h"
#include "kernel/arch/x86_64/kernel_tables.h"

namespace ringfence::kernel::arch {

/// Copied out of the loader's memory, so that it can be reused.
struct LoaderInformation {
    std::string_view command_line;
    std::span<const RamRange> ram;  ///< in order of address, whole pages, from 1 MiB on
    PhysicalAddress initramfs{};
    u64 initramfs_size = 0;
};

/// Checks and copies. Stops the kernel if it was not started by the PVH ABI.
const LoaderInformation& read_loader_information(PhysicalAddress start_info);

/// Makes the frame allocator work: puts its records into RAM, and gives it all RAM below `limit`
/// that neither the image, the initramfs nor the records take.
void start_frame_allocator(const LoaderInformation& loader, PhysicalAddress limit);
/// Gives it the RAM from `limit` on as well.
void add_remaining_memory(const LoaderInformation& loader, PhysicalAddress limit);

}  // namespace ringfence::kernel::arch
