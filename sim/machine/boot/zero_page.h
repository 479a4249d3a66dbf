// SPDX-License-Identifier: MIT
// What both ways of booting Linux hand over: the zero page and what it refers to. [linux/boot]
#pragma once

#include <string>

#include "abi/linux_boot.h"
#include "base/result.h"
#include "sim/machine/boot/guest_space.h"
#include "sim/machine/boot/source.h"
#include "sim/machine/boot/start_state.h"

namespace ringfence::sim::machine::boot {

/// The longest command line that a Linux without a header of its own to say so takes.
inline constexpr u32 linux_command_line_bytes = 2047;
/// The last byte that an initramfs may have where no header says so.
inline constexpr u32 linux_initramfs_end = 0x7fff'ffff;

/// Puts the initramfs, the command line, the seed and the zero page into memory. `header` is the
/// kernel's own, or what stands in for one; its limits are held. The answer is where the zero page
/// lies.
GuestSpace::Place put_zero_page(GuestSpace& space, const Source& source,
                                abi::linux_boot::SetupHeader header);

/// The 64-bit entry: page tables and descriptors are put into the boot area.
Result<StartState, std::string> start_linux_64(GuestSpace& space, PhysicalAddress entry,
                                               PhysicalAddress zero_page);
/// The 32-bit entry.
[[nodiscard]] StartState start_linux_32(PhysicalAddress entry, PhysicalAddress zero_page);

}  // namespace ringfence::sim::machine::boot
