// SPDX-License-Identifier: MIT
// NMI, #MC, #DB and #DF: they can come at any instruction of the entry and exit paths, so the CS of the
// interrupted code says nothing about table, GS base or stack. Each has its own IST stack.
//
// From user mode they are ordinary entries. Otherwise: keep CR3 as it is found, load the kernel's own
// root from a literal in this text (which is in both tables, and needs no per-CPU state), look at the
// GS base itself, handle on a stack that is not in the user table (so that no register of the
// kernel stays in a shared page), and give everything back verbatim.

#include "kernel/arch/x86_64/entry_macros.inc"

        .section .entry_text, "ax", @progbits

// The kernel's own root (PCID 0), written once at boot. A load of it flushes PCID 0 only, and may come
// at any time.
        .balign 8
        .globl  safe_root
safe_root:
        .quad   0

// IST stack after the stub: 0 vector  8 error  16 rip  24 cs  32 rflags  40 rsp  48 ss.
// Below it five words of ours: 32 rax  24 rcx  16 rdx  8 cr3  0 "GS was the user's".
        .set    OURS, 40
.macro PARANOID design:req, vector:req, user_path:req
        .balign 16
        .globl  paranoid_\design\()_\vector
paranoid_\design\()_\vector:
        CLEAR_FLAGS
        .if     \vector != 8            // #DF brings an error code, always 0
        pushq   $0
        .endif
        pushq   $\vector
        testb   $3, 24(%rsp)
        jnz     \user_path
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        movq    %cr3, %rax
        pushq   %rax
        .ifc    \design, isolated
        movq    safe_root(%rip), %rax
        movq    %rax, %cr3
        .endif
        movl    $MSR_GS_BASE, %ecx
        rdmsr
        shrl    $31, %edx               // 1: a kernel address, which no program can set
        xorl    $1, %edx
        pushq   %rdx
        jz      1f
        swapgs
1:      movq    %rsp, %rax
        movq    $paranoid_stack_end_\vector, %rsp
        pushq   %rax                    // the way back to the IST stack
        pushq   $0                      // keeps the frame aligned to 16
        pushq   (OURS + 48)(%rax)
        pushq   (OURS + 40)(%rax)
        pushq   (OURS + 32)(%rax)
        pushq   (OURS + 24)(%rax)
        pushq   (OURS + 16)(%rax)
        pushq   (OURS + 8)(%rax)
        pushq   OURS(%rax)
        pushq   %rdi
        movq    %rax, %rdi
        movq    32(%rdi), %rax          // the registers that were used above
        movq    24(%rdi), %rcx
        movq    16(%rdi), %rdx
        SAVE_REGISTERS_BELOW_RDI
        call    enter_paranoid_trap
        jmp     paranoid_exit_\design
.endm

.macro PARANOID_EXIT design:req
paranoid_exit_\design:
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        addq    $(7 * 8 + 8), %rsp      // vector to ss, alignment
        popq    %rsp
        popq    %rax                    // GS
        testl   %eax, %eax
        jz      1f
        swapgs
1:      popq    %rax
        .ifc    \design, isolated
        movq    %rax, %cr3              // verbatim, bits of table and PCID as found
        .endif
        popq    %rdx
        popq    %rcx
        popq    %rax
        movq    $0, -8(%rsp)            // leave none of it in the shared page
        movq    $0, -16(%rsp)
        movq    $0, -24(%rsp)
        movq    $0, -32(%rsp)
        addq    $16, %rsp               // vector, error
        iretq
.endm

        PARANOID isolated, 1, trap_from_user_isolated
        PARANOID isolated, 2, trap_from_user_isolated
        PARANOID isolated, 8, trap_from_user_isolated
        PARANOID isolated, 18, trap_from_user_isolated
        PARANOID_EXIT isolated

        PARANOID shared, 1, trap_from_user_on_ist_shared
        PARANOID shared, 2, trap_from_user_on_ist_shared
        PARANOID shared, 8, trap_from_user_on_ist_shared
        PARANOID shared, 18, trap_from_user_on_ist_shared
        PARANOID_EXIT shared

// Kernel-only stacks for the handlers.
.macro PARANOID_STACK vector:req
        .section .bss.paranoid_stack_\vector, "aw", @nobits
        .balign 16
        .skip   8192
paranoid_stack_end_\vector:
.endm
        PARANOID_STACK 1
        PARANOID_STACK 2
        PARANOID_STACK 8
        PARANOID_STACK 18
