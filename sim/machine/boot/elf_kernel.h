// SPDX-License-Identifier: MIT
// Kernels that are ELF files, whatever protocol starts them.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "sim/machine/boot/guest_space.h"
#include "sim/observe/elf_view.h"

namespace ringfence::sim::machine::boot {

/// Checks the file and puts its loadable segments at their physical addresses. The error is one
/// line that says what is wrong with it.
Result<observe::ElfView, std::string> load_elf_kernel(GuestSpace& space, std::span<const u8> file);

}  // namespace ringfence::sim::machine::boot
