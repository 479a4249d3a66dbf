// SPDX-License-Identifier: MIT
// What the architecture's half of the kernel calls in the core. All of these run with interrupts
// off, on the current thread's kernel stack; the core sleeps by switching threads, never by
// enabling interrupts.
#pragma once

#include <span>
#include <string_view>

#include "base/address.h"
#include "base/types.h"
#include "kernel/core/scheduler/cpu_times.h"

namespace ringfence::kernel {

namespace arch {
struct TrapFrame;
}

/// What the boot code found. The spans point into memory that the frame allocator never hands out.
struct BootInformation {
    std::span<const u8> initramfs;  ///< readable in the kernel's address space; empty if none
    std::string_view command_line;
};

/// What an access that missed a translation wanted to do.
enum class FaultAccess : u8 { Read, Write, Execute };

/// Why a page fault was raised: the page was absent, or present without the wanted permission.
enum class FaultCause : u8 { NotPresent, Protection };

/// A fault other than a page fault that user code raised, as the signal that Linux sends for it.
struct UserException {
    u32 signal;                    ///< Linux signal number, such as 8 for SIGFPE
    i32 code;                      ///< si_code, such as FPE_INTDIV
    VirtualAddress address;        ///< si_addr: usually the instruction's address
    std::string_view description;  ///< for the kernel log, such as "divide error"
    u64 debug_status = 0;          ///< why a debug exception came: 0 for others
};

/// Takes over after memory, heap, traps and the timer work. Builds the root file system, starts the
/// first process, and then is the idle thread on the stack it was called on.
[[noreturn]] void start(const BootInformation& boot);

/// Runs the system call that `frame` holds and leaves its result there. May switch threads; does
/// not return if the call ends the thread.
void handle_syscall(arch::TrapFrame& frame);

/// Tries to make `address` accessible to the current process. A fault from user mode is always
/// settled: the page is there, or a signal is pending, and the answer is true. A fault of the
/// kernel's own access to a user address answers false when there is no such page: the caller
/// then takes its exception table, and stops the kernel if that has no entry.
[[nodiscard]] bool handle_page_fault(arch::TrapFrame& frame, VirtualAddress address,
                                     FaultAccess access, FaultCause cause);

/// Posts the signal for an exception that user code raised.
void handle_exception(arch::TrapFrame& frame, const UserException& exception);

/// The periodic timer: wakes sleepers whose time has come and ends time slices. Never switches
/// threads itself; that happens in prepare_return_to_user or in the idle thread. `mode`: in which
/// the CPU was when the tick became due.
void handle_timer_tick(CpuMode mode);

/// The last thing before user mode, after a system call, an exception or an interrupt that came
/// from user mode, and for a thread's first entry: reschedules if the slice is over and delivers
/// signals, which may change `frame` or end the thread.
void prepare_return_to_user(arch::TrapFrame& frame);

}  // namespace ringfence::kernel
