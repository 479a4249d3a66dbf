// SPDX-License-Identifier: MIT
// Admission of requests that make the kernel use more memory. What a program asks for is refused
// while fewer than a reserve of frames is free; the kernel's own small allocations on the way of a
// request that was admitted live off the reserve and so cannot fail.
#pragma once

#include "base/address.h"
#include "kernel/core/errors.h"
#include "kernel/core/memory/frame_allocator.h"

namespace ringfence::kernel {

/// Free frames that programs cannot use up. Much more than one system call needs.
inline constexpr u64 reserved_frames = 512;

/// True if `wanted` more frames may be given to a program.
[[nodiscard]] bool memory_available(u64 wanted = 1);
/// Enomem unless memory_available.
Fallible<void> admit_allocation(u64 wanted = 1);
/// A frame for a program's use, zeroed or not; Enomem if only the reserve is left.
Fallible<PhysicalAddress> allocate_program_frame(FrameUse use);
Fallible<PhysicalAddress> allocate_program_frame_zeroed();

}  // namespace ringfence::kernel
