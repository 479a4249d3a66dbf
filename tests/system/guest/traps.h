// SPDX-License-Identifier: MIT
// Runs code that may fault, and says what happened.
#pragma once

#include "arch/x86/exception_vector.h"
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "base/types.h"

namespace ringfence::system_test {

/// Selectors of the tests' GDT.
inline constexpr u16 kernel_code = 0x08;
inline constexpr u16 kernel_data = 0x10;
inline constexpr u16 user_code32 = 0x1b;
inline constexpr u16 user_data = 0x23;
inline constexpr u16 user_code64 = 0x2b;
inline constexpr u16 task_state = 0x30;
inline constexpr u16 not_present_data = 0x40;  ///< a data segment with P = 0
inline constexpr u16 kernel_code_2 = 0x48;
inline constexpr u16 beyond_gdt = 0x58;

/// The vector by which user code ends a run.
inline constexpr u64 done_vector = 0x80;

/// The registers as an entry pushes them.
struct TrapFrame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    u64 vector;
    u64 error_code;
    u64 rip, cs, rflags, rsp, ss;
};

/// How a run ended.
struct Trap {
    static constexpr u64 none = 256;
    u64 vector = none;  ///< `none`: the code came to its end
    u64 error_code = 0;
    u64 cr2 = 0;
    u64 rip = 0;
    u64 cs = 0;
    u64 rflags = 0;
    u64 rsp = 0;
    u64 ss = 0;
    u64 frame = 0;  ///< where the handler's stack held the frame

    [[nodiscard]] bool is(arch::x86::ExceptionVector wanted) const {
        return vector == static_cast<u64>(wanted);
    }
};

/// Calls `function(argument)` in the supervisor until it returns or traps.
Trap run_in_supervisor(u64 function, u64 argument = 0);
template <typename Function>
Trap run_in_supervisor(Function function) {
    return run_in_supervisor(reinterpret_cast<u64>(static_cast<void (*)()>(function)));
}
/// Runs user code at `rip` until it traps; `int $0x80` counts as the end.
Trap run_in_user(u64 rip, u64 argument = 0, u64 rflags = arch::x86::Rflags::fixed_one.mask);
/// Returns by IRET with this frame: RIP, CS, RFLAGS, RSP, SS.
Trap run_by_iret(u64 argument, const u64 (&frame)[5]);
/// Returns to user mode by SYSRETQ.
Trap run_by_sysret(u64 rip, u64 rflags, u64 rsp);

/// Lets traps of `vector` call `handler` instead of ending the run; null: as before.
using Handler = void (*)(TrapFrame&);
void set_handler(u64 vector, Handler handler);

/// Makes the gate of `vector` use stack `ist` of the TSS (0: none), be callable from `privilege`.
void set_gate(u64 vector, unsigned ist, unsigned privilege, bool trap_gate = false);
void set_gate_present(u64 vector, bool present);
/// Makes the gate of `vector` lead into another segment than the kernel's code.
void set_gate_selector(u64 vector, u16 selector);
/// Moves interrupt stack `number` (1 to 7).
void set_ist_top(unsigned number, u64 top);
/// Top of interrupt stack `number` (1 to 7), where it lies unless it was moved.
u64 ist_top(unsigned number);
/// Top of the stack for traps from user mode.
u64 trap_stack_top();

/// Where user_text is mapped for user mode: the address of `symbol` there.
u64 user_address(const void* symbol);
/// Top of a stack that user mode may write.
u64 user_stack_top();

/// The tests' GDT, IDT and TSS, a user page for user_text, SYSCALL.
void set_up_traps();

}  // namespace ringfence::system_test

extern "C" {
extern const ringfence::u8 user_text_start[], user_read[], user_write[], user_write_8[],
    user_execute[], user_stop[], user_syscall[], user_sysret[], user_loop[], user_interrupt_32[],
    user_cli[], user_rdtsc[], user_hlt[];
extern const ringfence::u8 run_iret_instruction[], run_sysret_instruction[], syscall_landing[];
extern ringfence::u64 syscall_rcx, syscall_r11, syscall_rsp, syscall_rflags;
extern ringfence::u32 syscall_cs, syscall_ss, syscall_count;
extern ringfence::u64 boot_root[512];
}
