// SPDX-License-Identifier: MIT
// What the architecture keeps of a thread while it does not run, and the switch between two.
#pragma once

#include "base/address.h"
#include "base/types.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::arch {

/// The registers of x87, SSE and AVX, as the XSAVE family lays them out in the standard format: 512
/// bytes as of FXSAVE, the header, the upper halves of the YMM registers. Without XSAVE the first
/// part alone is used. All zero is an image that can be saved to. [intel/vol1]: 13.4
struct alignas(64) ExtendedState {
    u8 bytes[512 + 64 + 256];
};

/// Data segment selectors as the program last loaded them; nearly always all null.
struct SegmentSelectors {
    u16 ds = 0;
    u16 es = 0;
    u16 fs = 0;
    u16 gs = 0;
    constexpr bool operator==(const SegmentSelectors&) const = default;
};

/// Hardware breakpoints of a thread, as its tracer set them through DR0 to DR7. [intel/vol3]: 18.2
struct DebugRegisters {
    u64 addresses[4] = {};  ///< user addresses
    u64 control = 0;        ///< DR7 as it was written; what is loaded of it is traced_thread.cpp's
    u64 status = 0;         ///< DR6's bits of the last #DB in user mode
};

/// Registers that are not on the kernel stack. One per thread, owned by the core's thread object;
/// zero-initialised objects must go through prepare_thread or prepare_fork before they are switched
/// to. While a thread runs, its registers are in the CPU, and what is here is old.
struct ThreadState {
    u64 saved_stack_pointer = 0;  ///< where switch_threads left off
    VirtualAddress kernel_stack_top{};
    u64 fs_base = 0;
    u64 gs_base = 0;  ///< the program's; the kernel's own is never in here
    SegmentSelectors selectors{};
    ExtendedState extended{};
    DebugRegisters debug{};
    bool step_forced = false;  ///< RFLAGS.TF is the tracer's wish, not the program's
};

/// Where the registers of a thread lie that entered the kernel from user mode, or that will begin
/// there.
[[nodiscard]] TrapFrame& user_frame(const ThreadState& thread);

/// `thread` will run `entry(argument)` on the kernel stack that ends at `stack_top` (16-byte
/// aligned) when it is first switched to, with interrupts off. `entry` must not return; a user
/// thread's calls return_to_user. Extended state and segment bases get their initial values.
void prepare_thread(ThreadState& thread, VirtualAddress stack_top, void (*entry)(void*),
                    void* argument);

/// As prepare_thread, but extended state and segment bases are copied from `parent`, which must be
/// the running thread, and there is room for `user_frame(child)` above the stack.
void prepare_fork(ThreadState& child, const ThreadState& parent, VirtualAddress stack_top,
                  void (*entry)(void*), void* argument);

/// Gives the running thread initial extended state and segment bases, as execve does.
void reset_user_registers(ThreadState& running);

/// Saves the running thread in `from` and goes on with `to`; returns when something switches back.
/// Interrupts must be off. Does not touch the address space: activate it first.
void switch_threads(ThreadState& from, ThreadState& to);

/// Leaves to user mode with the registers of `frame` (which may lie anywhere; it is copied). Calls
/// nothing in the core on the way.
[[noreturn]] void return_to_user(const TrapFrame& frame);

/// The thread pointer of a new thread (CLONE_SETTLS), valid when it is next switched to: false if
/// `address` is not a user address.
bool set_thread_pointer(ThreadState& thread, VirtualAddress address);

/// The system call arch_prctl for the running thread: its result, or minus an errno.
/// [linux/abi]: arch_prctl(2)
i64 arch_prctl(ThreadState& running, u64 operation, u64 address);

}  // namespace ringfence::kernel::arch
