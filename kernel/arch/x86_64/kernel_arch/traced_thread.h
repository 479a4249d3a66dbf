// SPDX-License-Identifier: MIT
// The registers of a thread that is stopped for its tracer, in the layouts of ptrace(2). None of
// what is written here may let the thread enter user mode with more than a program could have set
// by itself: privilege, IOPL and IF stay, segments are of ring 3, bases and breakpoints are in the
// user half. A RIP that is none is IRET's to refuse. [linux/abi]: ptrace(2),
// arch/x86/include/uapi/asm/ptrace.h, arch/x86/include/asm/user_64.h
#pragma once

#include <optional>
#include <span>

#include "kernel/core/errors.h"
#include "kernel_arch/address_space.h"
#include "kernel_arch/thread_state.h"

namespace ringfence::kernel::arch {

/// What GET_SYSCALL_INFO calls this architecture: AUDIT_ARCH_X86_64.
inline constexpr u32 audit_architecture = 0xc000'003e;

/// struct user_regs_struct
struct UserRegisters {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
    u64 rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
inline constexpr usize user_register_count = sizeof(UserRegisters) / sizeof(u64);
static_assert(user_register_count == 27);

/// A stopped thread's registers: `state` is saved, and `space` is the thread's.
[[nodiscard]] UserRegisters read_registers(const ThreadState& state, const AddressSpace& space);
/// Writes as many registers as there are words, in the order of UserRegisters from `first` on. Eio
/// for a value that may not be; those before it are written.
Fallible<void> write_registers(ThreadState& state, usize first, std::span<const u64> words);

/// Bytes that the images below take: of FXSAVE, and of all extended state.
inline constexpr usize legacy_state_bytes = 512;
[[nodiscard]] usize traced_extended_state_bytes();
/// The registers of x87, SSE and AVX as XSAVE lays them out, those in their initial state too.
[[nodiscard]] ExtendedState read_extended_state(const ThreadState& state);
/// From an image of traced_extended_state_bytes(), or of FXSAVE's part alone, which leaves the rest
/// as it is. Einval if the processor would not take it.
Fallible<void> write_extended_state(ThreadState& state, std::span<const u8> image);

/// Words of struct user: registers, then much that nobody has, then u_debugreg.
struct UserArea {
    static constexpr u64 debug_registers = 848;
    static constexpr u64 bytes = 928;
};
/// `number` is 0 to 7.
[[nodiscard]] u64 read_debug_register(const ThreadState& state, unsigned number);
/// Eio for the two that do not exist. Einval for an address that is not the program's, for one that
/// is not aligned to what the breakpoint covers, and for what programs cannot ask for.
Fallible<void> write_debug_register(ThreadState& state, unsigned number, u64 value);
[[nodiscard]] bool has_breakpoints(const ThreadState& state);

/// A debug exception came in user mode for the running thread: what it may know of why.
void note_debug_status(ThreadState& state, u64 status);

/// Loads a thread's breakpoints, before it returns to user mode.
void arm_breakpoints(const ThreadState& state);
/// From now on no breakpoint is set.
void disarm_breakpoints();

/// Lets the stopped thread trap after its next instruction, which begins with `code` as far as it
/// can be read. TF counts as the program's own from then on if that instruction loads it.
void set_single_step(ThreadState& state, std::span<const u8> code);
/// Lets it go on without that; TF that the program has set by itself stays.
void clear_single_step(ThreadState& state);

/// PTRACE_ARCH_PRCTL: as arch_prctl for a stopped thread. What a read finds, none for a write.
Fallible<std::optional<u64>> traced_arch_prctl(ThreadState& state, const AddressSpace& space,
                                               u64 operation, u64 address);

}  // namespace ringfence::kernel::arch
