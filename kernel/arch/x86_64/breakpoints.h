// SPDX-License-Identifier: MIT
// Which breakpoints a program may have. Everything about them that is no instruction.
#pragma once

#include "arch/x86/debug_registers.h"
#include "kernel_arch/thread_state.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace x86 = ::ringfence::arch::x86;

/// Whether breakpoint `number`, as `control` describes it, may lie at `address`: all of it is in
/// the user half, and at a multiple of its length; execution is waited for at one byte, and ports
/// are not for programs. One that is off may be anything but in the kernel's half.
constexpr bool is_allowed_breakpoint(u64 address, u64 control, unsigned number) {
    const u64 length = x86::Dr7::length(control, number);
    if (!is_user_range(VirtualAddress{address}, length)) {
        return false;
    }
    if (!x86::Dr7::enabled(control, number)) {
        return true;
    }
    const x86::BreakpointCondition condition = x86::Dr7::condition(control, number);
    return condition != x86::BreakpointCondition::Port && is_aligned(address, length) &&
           (condition != x86::BreakpointCondition::Execution || length == 1);
}

/// Whether all four are allowed.
constexpr bool are_allowed_breakpoints(const DebugRegisters& debug) {
    for (unsigned i = 0; i < x86::breakpoint_count; ++i) {
        if (!is_allowed_breakpoint(debug.addresses[i], debug.control, i)) {
            return false;
        }
    }
    return true;
}

/// What is loaded of a DR7 that a tracer wrote: enables and conditions, and of the enables those
/// that Ln stand for, so that GD, which the program would pay for, never is.
constexpr u64 loaded_control(u64 control) {
    u64 enables = 0;
    for (unsigned i = 0; i < x86::breakpoint_count; ++i) {
        enables |= x86::Dr7::enabled(control, i) ? bit(2 * i) : 0;
    }
    return x86::Dr7::reset | enables | (control & x86::Dr7::conditions.mask);
}

/// Of DR6, what is a program's to know: the hits of its own breakpoints, and the single step.
constexpr u64 reported_status(u64 status, u64 control) {
    u64 hits = 0;
    for (unsigned i = 0; i < x86::breakpoint_count; ++i) {
        hits |= x86::Dr7::enabled(control, i) ? status & bit(i) : 0;
    }
    return hits | (status & x86::Dr6::bs.mask);
}

/// Whether one of the hits in `debug.status` came before its instruction instead of after it.
/// [intel/vol3]: 18.3.1.1
constexpr bool stopped_before_instruction(const DebugRegisters& debug) {
    for (unsigned i = 0; i < x86::breakpoint_count; ++i) {
        if ((debug.status & bit(i)) != 0 &&
            x86::Dr7::condition(debug.control, i) == x86::BreakpointCondition::Execution) {
            return true;
        }
    }
    return false;
}

}  // namespace ringfence::kernel::arch
