// SPDX-License-Identifier: MIT
// GDT, IDT and TSS in the entry area, and the MSRs of SYSCALL.
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// SYSRET takes CS and SS from one base: data below code. [intel/vol2]: SYSRET
inline constexpr u16 kernel_code_selector = 0x08;
inline constexpr u16 kernel_data_selector = 0x10;
inline constexpr u16 user_data_selector = 0x18 | 3;
inline constexpr u16 user_code_selector = 0x20 | 3;
inline constexpr u16 task_selector = 0x28;

inline constexpr u64 timer_vector = 64;
inline constexpr u64 spurious_vector = 255;

/// Fills the tables for the chosen design and loads them. The entry area must be mapped; from here
/// on exceptions are handled.
void load_descriptor_tables(bool isolated);

/// Points SYSCALL at the entry of the chosen design.
void enable_system_calls(bool isolated);

/// Where interrupts from user mode start: the running thread's stack in the shared design; the
/// isolated design always starts on the entry stack.
void set_interrupt_stack(VirtualAddress kernel_stack_top);

}  // namespace ringfence::kernel::arch
