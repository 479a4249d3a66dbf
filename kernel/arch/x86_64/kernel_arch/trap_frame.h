// SPDX-License-Identifier: MIT
// What a thread was doing when it entered the kernel. The entry code builds it at the top of the
// thread's kernel stack (for an entry from user mode) and the exit code consumes it.
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// All registers of the interrupted code, lowest address first. entry_macros.inc has the same
/// layout.
struct TrapFrame {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 vector;      ///< exception or interrupt number, or syscall_vector
    u64 error_code;  ///< of the exception, 0 if it has none; for a system call its number
    u64 rip, cs, rflags, rsp, ss;

    /// Marks a frame that SYSCALL built; no interrupt has this number.
    static constexpr u64 syscall_vector = 256;
    /// Marks one whose system call is over: it is not restarted, but can still be named.
    static constexpr u64 finished_syscall_vector = 257;

    /// The registers with which a new program starts: zero but for these two, interrupts on.
    static TrapFrame for_program(VirtualAddress entry, VirtualAddress stack);

    /// True if user mode was interrupted, false if the kernel itself was.
    [[nodiscard]] bool from_user() const { return (cs & 3) == 3; }
    [[nodiscard]] bool is_syscall() const { return vector == syscall_vector; }

    /// The system call's number as the program gave it, kept when the result overwrites RAX.
    /// Linux's are the low 32 bits of RAX.
    [[nodiscard]] u64 syscall_number() const { return static_cast<u32>(error_code); }
    /// `index` 0 to 5: RDI, RSI, RDX, R10, R8, R9. [linux/abi]: syscall(2)
    [[nodiscard]] u64 syscall_argument(unsigned index) const;
    /// What the system call returns: a value, or minus an errno.
    void set_result(u64 value) { rax = value; }
    [[nodiscard]] u64 result() const { return rax; }
    /// Makes the program execute the system call instruction once more, with its own number.
    void restart_syscall();
    /// From now on the frame no longer counts as a system call's: it is never restarted.
    void forget_syscall() { vector = vector >= syscall_vector ? finished_syscall_vector : 0; }
    /// For a frame whose registers are new: no system call led here.
    void forget_origin() { vector = 0; }

    /// The system call that led here, restarted or over or not; -1 if none did, as Linux's orig_rax
    /// has it.
    [[nodiscard]] u64 traced_syscall() const {
        return vector >= syscall_vector ? error_code : ~u64{0};
    }
    /// A tracer's wish: another system call, to be made or restarted, or none if the low 32 bits
    /// are of -1.
    void set_traced_syscall(u64 number);
    /// For a page fault: it is told as one of a page that is there and may not be used.
    void hide_absence();

    [[nodiscard]] VirtualAddress instruction_pointer() const { return VirtualAddress{rip}; }
    [[nodiscard]] VirtualAddress stack_pointer() const { return VirtualAddress{rsp}; }
    void set_instruction_pointer(VirtualAddress address) { rip = address.value(); }
    void set_stack_pointer(VirtualAddress address) { rsp = address.value(); }
};
static_assert(sizeof(TrapFrame) == 22 * 8);

}  // namespace ringfence::kernel::arch
