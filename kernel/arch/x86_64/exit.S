// SPDX-License-Identifier: MIT
// From the kernel to user mode. RSP is at a TrapFrame at the top of the thread's stack; interrupts are
// off and stay off until the last instruction turns them on together with the return.
//
// Isolated: after SWITCH_TO_USER_ROOT only the manifest is mapped; this text and the entry area are in
// it. The kernel's GS base is given back last, so that what an NMI finds is always one of the states
// that paranoid.S can tell apart.

#include "kernel/arch/x86_64/entry_macros.inc"

        .section .exit_text, "ax", @progbits

// ---- By SYSRET: C++ has found RCX = RIP (canonical), R11 = RFLAGS and the standard segments, which is
// all that SYSRET can restore. A non-canonical RIP would fault in ring 0 on the user's stack.
        .balign 64
        .globl  exit_sysret_isolated
exit_sysret_isolated:
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi                    // RSP at vector, user RSP 40 bytes on
        pushq   40(%rsp)
        popq    %gs:entry_scratch_from_gs
        SWITCH_TO_USER_ROOT %rsp
        movq    %gs:entry_scratch_from_gs, %rsp
        swapgs
        sysretq

        .balign 64
        .globl  exit_sysret_shared
exit_sysret_shared:
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        movq    40(%rsp), %rsp
        swapgs
        sysretq

// ---- By IRET, which restores everything. Isolated: through the entry stack, since the thread's stack is
// not in the user table. The copied frame is the program's own; the next one overwrites it, and
// switching processes clears it.
        .balign 64
        .globl  exit_iret_path_isolated, exit_iret_isolated
exit_iret_path_isolated:
        MUTATION KernelPointerInScratch, "", "movq %rsp, %gs:entry_scratch_from_gs"
        RESTORE_REGISTERS_BELOW_RDI
        movq    %rsp, %rdi              // 0 rdi  24 rip  32 cs  40 rflags  48 rsp  56 ss
        movq    $ENTRY_STACK_END, %rsp
exit_iret_copy_isolated:
        COPY_RETURN_FRAME
        SWITCH_TO_USER_ROOT %rdi
        popq    %rdi
        swapgs
exit_iret_isolated:
        iretq

        .balign 64
        .globl  exit_iret_path_shared, exit_iret_shared
exit_iret_path_shared:
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        addq    $16, %rsp               // vector, error
        swapgs
exit_iret_shared:
        iretq

// ---- By IRET to a stack segment of 16 bits, which leaves RSP's bits 31:16 as they are before it: from the
// place where they are the program's (ldt.h). Isolated: that is the entry stack, under another name.
        .balign 64
        .globl  exit_iret_path_espfix_isolated
exit_iret_path_espfix_isolated:
        RESTORE_REGISTERS_BELOW_RDI
        movq    %rsp, %rdi
        movq    %gs:CPU_ESPFIX_STACK_END, %rsp
        jmp     exit_iret_copy_isolated

        .balign 64
        .globl  exit_iret_path_espfix_shared, exit_iret_espfix_shared
exit_iret_path_espfix_shared:
        RESTORE_REGISTERS_BELOW_RDI
        movq    %rsp, %rdi
        movq    %gs:CPU_ESPFIX_STACK_END, %rsp
        COPY_RETURN_FRAME
        popq    %rdi
        swapgs
exit_iret_espfix_shared:
        iretq
