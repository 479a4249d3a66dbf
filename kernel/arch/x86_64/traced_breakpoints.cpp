// SPDX-License-Identifier: MIT
// Hardware breakpoints of a thread, as its tracer sets them.
#include "arch/x86/rflags.h"
#include "kernel/arch/x86_64/breakpoints.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel::arch {

namespace {
constexpr unsigned status_register = 6;
constexpr unsigned control_register = 7;
}  // namespace

u64 read_debug_register(const ThreadState& state, unsigned number) {
    if (number < x86::breakpoint_count) {
        return state.debug.addresses[number];
    }
    if (number == status_register) {
        return state.debug.status;
    }
    return number == control_register ? state.debug.control : 0;
}

Fallible<void> write_debug_register(ThreadState& state, unsigned number, u64 value) {
    DebugRegisters wanted = state.debug;
    if (number < x86::breakpoint_count) {
        wanted.addresses[number] = value;
    } else if (number == status_register) {
        wanted.status = value;
    } else if (number == control_register) {
        wanted.control = value;
    } else {
        return Error{Errno::Eio};
    }
    if (!are_allowed_breakpoints(wanted)) {
        return Error{Errno::Einval};
    }
    state.debug = wanted;
    return {};
}

bool has_breakpoints(const ThreadState& state) {
    return x86::Dr7::enables.test(state.debug.control);
}

void note_debug_status(ThreadState& state, u64 status) {
    state.debug.status = reported_status(status, state.debug.control);
    if (stopped_before_instruction(state.debug)) {
        user_frame(state).rflags |= x86::Rflags::rf.mask;  // or it would come again, for ever
    }
}

void arm_breakpoints(const ThreadState& state) {
    const DebugRegisters& debug = state.debug;
    asm volatile("mov %0, %%dr0" ::"r"(debug.addresses[0]));
    asm volatile("mov %0, %%dr1" ::"r"(debug.addresses[1]));
    asm volatile("mov %0, %%dr2" ::"r"(debug.addresses[2]));
    asm volatile("mov %0, %%dr3" ::"r"(debug.addresses[3]));
    write_dr7(loaded_control(debug.control));
}

void disarm_breakpoints() {
    write_dr7(x86::Dr7::reset);
}

}  // namespace ringfence::kernel::arch
