// SPDX-License-Identifier: MIT
// NMI, #MC, #DB and #DF: they can come at any instruction of the entry and exit paths, so the CS of the
// interrupted code says nothing about table, GS base or stack. Each has its own IST stack.
//
// From user mode they are ordinary entries. Otherwise: keep CR3 as it is found, load the kernel's own
// root from a literal in this text (which is in both tables, and needs no per-CPU state), look at the
// GS base itself, handle on a stack that is not in the user table (so that no register of the
// kernel stays in a shared page), and give everything back verbatim.
//
// An IRET ends the blocking of NMIs, whoever executes it. So whatever interrupted the handling of an
// NMI while its IST stack is in use goes back without one: else the next NMI would overwrite the frame
// by which this one returns. [intel/vol3]: 6.7.1

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
.macro PARANOID design:req, vector:req, user_path:req, mutation
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
        MUTATION SafeRootOutsideTrampoline, "movq safe_root(%rip), %rax", \
            "movq safe_root_in_kernel_data, %rax"
        MUTATION \mutation, "movq %rax, %cr3", ""
        .endif
        movl    $MSR_GS_BASE, %ecx
        rdmsr
        shrl    $31, %edx               // 1: a kernel address, which no program can set
        xorl    $1, %edx
        pushq   %rdx
        jz      1f
        swapgs
1:      movq    %rsp, %rax
        movq    %gs:CPU_PARANOID_STACK_TOP_\vector, %rsp
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

// From here RSP is at the TrapFrame, and RBX at our words on the IST stack.
        .set    IST_FRAME, FRAME_SIZE + 8
        .set    USER_ROOT_BIT, 12

// From a vector on a stack: back to what was interrupted. Without IRET: by two words that were put below
// the interrupted stack pointer, which the saved one points at. CS and SS are the kernel's already.
.macro PARANOID_LAST nmis:req
        .ifc    \nmis, unblocked
        addq    $16, %rsp               // vector, error
        iretq
        .else
        movq    40(%rsp), %rsp
        popfq
        retq
        .endif
.endm

// What was pushed on the IST stack before the handler's was used.
.macro CLEAR_OUR_WORDS
        .irp    word, -8, -16, -24, -32, -40
        movq    $0, \word(%rsp)
        .endr
.endm

// With a root of the kernel everything is mapped: the way back is from the handler's own stack, and
// nothing of the kernel's stays in the shared page. Else it is from the IST stack, and what stays there
// is of entry or exit code that runs on the user's table. A root of the shared design, which is met
// while the design changes, may have the bit of a user root: there other code runs.
.macro PARANOID_RETURN design:req, nmis:req
        .ifc    \design, isolated
        movq    8(%rbx), %rax
        MUTATION ParanoidFrameLeft, "btl $USER_ROOT_BIT, %eax", "stc"
        jnc     1f
        MUTATION ParanoidFrameLeft, "cmpq $__entry_region_start, (OURS + 16)(%rbx)", "cmpq %rbx, %rbx"
        jae     2f
1:      movq    %rax, %cr3              // verbatim, bits of table and PCID as found
        .endif
        .irp    word, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88
        movq    $0, \word(%rbx)
        .endr
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        PARANOID_LAST \nmis
        .ifc    \design, isolated
2:      RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        movq    (IST_FRAME - FRAME_VECTOR)(%rsp), %rsp
        popq    %rax                    // GS, done
        popq    %rax
        MUTATION ParanoidExitLosesUserRoot, "movq %rax, %cr3", \
            "andq $~USER_ROOT_BITS, %rax; movq %rax, %cr3"
        popq    %rdx
        popq    %rcx
        popq    %rax
        MUTATION ParanoidRegistersLeft, "CLEAR_OUR_WORDS", ""
        PARANOID_LAST \nmis
        .endif
.endm

.macro PARANOID_EXIT design:req
paranoid_exit_\design:
        movq    IST_FRAME(%rsp), %rbx
        cmpl    $0, (%rbx)
        je      1f
        swapgs
1:      testb   %al, %al                // of enter_paranoid_trap: whether NMIs must stay blocked
        jnz     paranoid_exit_with_nmis_blocked_\design
        PARANOID_RETURN \design, unblocked

// The interrupted stack pointer is one of the kernel's, with room below: this is the handling of an NMI.
paranoid_exit_with_nmis_blocked_\design:
        movq    (OURS + 40)(%rbx), %rdx
        subq    $16, %rdx
        movq    (OURS + 16)(%rbx), %rax
        movq    %rax, 8(%rdx)           // RIP
        movq    (OURS + 32)(%rbx), %rax
        movq    %rax, (%rdx)            // RFLAGS
        movq    %rdx, (OURS + 40)(%rbx)
        movq    %rdx, FRAME_RSP(%rsp)
        PARANOID_RETURN \design, blocked
.endm

        PARANOID isolated, 1, trap_from_user_isolated, DebugDecidesByCs
        PARANOID isolated, 2, trap_from_user_isolated, NmiDecidesByCs
        PARANOID isolated, 8, trap_from_user_isolated, DoubleFaultKeepsRoot
        PARANOID isolated, 18, trap_from_user_isolated, MachineCheckDecidesByCs
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
        .globl  paranoid_stack_\vector, paranoid_stack_end_\vector
paranoid_stack_\vector:
        .skip   8192
paranoid_stack_end_\vector:
.endm
        PARANOID_STACK 1
        PARANOID_STACK 2
        PARANOID_STACK 8
        PARANOID_STACK 18
