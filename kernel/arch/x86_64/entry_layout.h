// SPDX-License-Identifier: MIT
// Holds entry_layout.inc against the C++ declarations. Included by traps.cpp only.
#pragma once

#include <cstddef>

#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

static_assert(offsetof(CpuState, kernel_stack_top) == 0);
static_assert(offsetof(CpuState, exit_root) == 8);
static_assert(offsetof(CpuState, paranoid_stack_tops) == 32);
static_assert(offsetof(CpuState, espfix_stack_end) == 64);

static_assert(offsetof(TrapFrame, r11) == 48);
static_assert(offsetof(TrapFrame, rcx) == 88);
static_assert(offsetof(TrapFrame, rdi) == 112);
static_assert(offsetof(TrapFrame, vector) == 120);
static_assert(offsetof(TrapFrame, error_code) == 128);
static_assert(offsetof(TrapFrame, rip) == 136);
static_assert(offsetof(TrapFrame, ss) == 168);
static_assert(TrapFrame::syscall_vector == 256);

static_assert(kernel_code_selector == 0x10 && kernel_data_selector == 0x18);
static_assert(user_data_selector == 0x2b && user_code_selector == 0x33);

static_assert((kernel_half_start.value() >> 39 & 511) == 256);
static_assert(static_cast<u64>(EntryAreaPage::Scratch) == 3);
static_assert(static_cast<u64>(EntryAreaPage::EntryStack) == 5);

}  // namespace ringfence::kernel::arch
