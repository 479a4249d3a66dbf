// SPDX-License-Identifier: MIT
// The frame that a signal handler finds on its stack, laid out as Linux lays it out.
#pragma once

#include "base/address.h"
#include "base/types.h"
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

    static constexpr u32 in_use = 1;  ///< in `flags`: SS_ONSTACK
    /// Whether a stack pointer is in it, of which nothing may be left.
    [[nodiscard]] constexpr bool holds(VirtualAddress pointer) const {
        return pointer.value() > base && pointer.value() - base <= size;
    }
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

/// The most that push_signal_frame takes of a stack, with what alignment may cost, in bytes, a
/// multiple of 16: AT_MINSIGSTKSZ. It depends on what extended state this CPU has.
[[nodiscard]] u64 most_signal_frame_bytes();

/// Puts a `struct rt_sigframe` with the running thread's registers on the program's stack and
/// changes `frame` so that the handler runs next. False if the stack cannot be written, or if the
/// alternate stack is too small: the program must then die by SIGSEGV.
[[nodiscard]] bool push_signal_frame(TrapFrame& frame, const SignalDelivery& delivery);

/// What rt_sigreturn brings back besides the registers.
struct SignalReturn {
    u64 blocked;
    SignalStack alternate_stack;
};
/// Takes all of the running thread's registers back from the frame at the program's stack pointer.
/// Values that user mode must not choose (privilege, IOPL, IF) are forced. False for a bad frame:
/// if it could be read, `result` and all but the extended state are as it says nevertheless, which
/// is what Linux's handlers of that SIGSEGV see.
[[nodiscard]] bool pop_signal_frame(TrapFrame& frame, SignalReturn& result);

}  // namespace ringfence::kernel::arch
