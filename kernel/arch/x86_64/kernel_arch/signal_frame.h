// SPDX-License-Identifier: MIT
// The frame that a signal handler finds on its stack, laid out as Linux lays it out.
#pragma once

#include "base/address.h"
#include "base/types.h"
#include "kernel_arch/thread_state.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

/// siginfo_t, already in the layout of the program's ABI.
struct SignalInfoImage {
    u8 bytes[128];
};

/// stack_t. [linux/abi]: sigaltstack(2)
struct SignalStack {
    u64 base;
    u32 flags;
    u32 reserved;
    u64 size;
};
static_assert(sizeof(SignalStack) == 24);

/// All that the frame says besides the registers.
struct SignalDelivery {
    u32 number;
    VirtualAddress handler;
    VirtualAddress restorer;  ///< sa_restorer: where the handler returns to
    u64 blocked;              ///< the mask to restore afterwards
    SignalInfoImage information;
    SignalStack alternate_stack;  ///< as sigaltstack would report it
    bool use_alternate_stack;     ///< build the frame at the top of alternate_stack
    u64 fault_address;            ///< CR2 for a page fault, else 0
};

/// Puts a `struct rt_sigframe` on the program's stack and changes `frame` so that the handler runs
/// next. False if the stack cannot be written: the program must then die by SIGSEGV.
[[nodiscard]] bool push_signal_frame(TrapFrame& frame, ThreadState& running,
                                     const SignalDelivery& delivery);

/// What rt_sigreturn brings back besides the registers.
struct SignalReturn {
    u64 blocked;
    SignalStack alternate_stack;
};
/// Takes all registers back from the frame at the program's stack pointer. Values that user mode
/// must not choose (privilege, IOPL, IF) are forced. False for a bad frame.
[[nodiscard]] bool pop_signal_frame(TrapFrame& frame, ThreadState& running, SignalReturn& result);

}  // namespace ringfence::kernel::arch
