// SPDX-License-Identifier: MIT
// Kernel stacks, each with an unmapped guard page below it, so that an overflow ends the machine
// with a message instead of overwriting a neighbour.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel::arch {

inline constexpr u64 kernel_stack_size = 16 * kib;

/// The top (16-byte aligned, exclusive) of a new stack, or OutOfMemory.
Result<VirtualAddress, MapError> allocate_kernel_stack();
/// `top` as allocate_kernel_stack gave it. Not the stack that the caller runs on.
void free_kernel_stack(VirtualAddress top);
/// Stacks that are kept for the next threads, counted now.
[[nodiscard]] u64 idle_kernel_stacks();

}  // namespace ringfence::kernel::arch
