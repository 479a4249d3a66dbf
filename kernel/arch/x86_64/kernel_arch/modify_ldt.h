// SPDX-License-Identifier: MIT
// The system call by which a program gets an LDT, and changes it.
#pragma once

#include "base/address.h"
#include "base/types.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel::arch {

/// modify_ldt for the running program, whose tables are `space`: what RAX becomes. Minus an errno
/// is 32 bits wide, as Linux has it. [linux/abi]: modify_ldt(2), arch/x86/kernel/ldt.c
u64 modify_ldt(AddressSpace& space, u32 function, VirtualAddress pointer, u64 bytes);

}  // namespace ringfence::kernel::arch
