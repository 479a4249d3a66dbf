// SPDX-License-Identifier: MIT
// Descriptor tables, and where exceptions and system calls go while something is measured.
#pragma once

#include "base/types.h"

namespace ringfence::measurements {

inline constexpr u16 kernel_code = 0x08;
inline constexpr u16 kernel_data = 0x10;
inline constexpr u16 user_data = 0x23;
inline constexpr u16 user_code = 0x2b;

/// Loads GDT, TSS and IDT, whose gates all lead to the end of the machine with a message; lets
/// SYSCALL and SYSRET work; turns on what the measurements need of CR4.
void set_up_processor();

/// Sends a vector to `handler`, which gets the processor's frame on the stack of the TSS, or on the
/// present one; user mode may raise it by INT.
void set_gate(unsigned vector, const void* handler);
/// Sends SYSCALL there.
void set_syscall_target(const void* target);

}  // namespace ringfence::measurements
