// SPDX-License-Identifier: MIT
// From user mode into the kernel: SYSCALL, and interrupts and exceptions that use the ordinary stack.
// Each path exists for the shared and for the isolated design; entry_paths.cpp chooses by IA32_LSTAR
// and the IDT, so no path tests for the design. The way out is not tied to the way in, because the
// design may have changed in between: C++ answers with the exit code to jump to.
//
// Isolated: interrupts are off from the first instruction until C++ runs on the thread's stack (gates
// and IA32_FMASK clear IF). Until SWITCH_TO_KERNEL_ROOT only the manifest is mapped: this text, and the
// entry area that holds the stack and the scratch slot. The text is at the same address in both tables.
// It uses no literal outside itself.

#include "kernel/arch/x86_64/entry_macros.inc"

        .section .entry_text, "ax", @progbits

// ---- SYSCALL: RCX = user RIP, R11 = user RFLAGS, RSP still the user's. [intel/vol2]: SYSCALL
        .balign 64
        .globl  syscall_isolated
syscall_isolated:
        swapgs
        movq    %rsp, %gs:entry_scratch_from_gs
        SWITCH_TO_KERNEL_ROOT %rsp
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
        pushq   $USER_DATA
        pushq   %gs:entry_scratch_from_gs
        pushq   %r11
        pushq   $USER_CODE
        pushq   %rcx
        pushq   %rax                    // error_code: the system call's number
        pushq   $SYSCALL_VECTOR
        pushq   %rdi
        SAVE_REGISTERS_BELOW_RDI
        call    enter_syscall
        jmpq    *%rax

        .balign 64
        .globl  syscall_shared
syscall_shared:
        swapgs
        movq    %rsp, %gs:entry_scratch_from_gs
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
        pushq   $USER_DATA
        pushq   %gs:entry_scratch_from_gs
        pushq   %r11
        pushq   $USER_CODE
        pushq   %rcx
        pushq   %rax
        pushq   $SYSCALL_VECTOR
        pushq   %rdi
        SAVE_REGISTERS_BELOW_RDI
        call    enter_syscall
        jmpq    *%rax

// ---- SYSCALL of compatibility mode, on processors that have it there (AMD's). There are no 32-bit system
// calls: ENOSYS. [amd/vol3]: SYSCALL
        .balign 16
        .globl  syscall_from_compatibility_mode
syscall_from_compatibility_mode:
        movl    $-38, %eax
        sysretl

// ---- Interrupts and exceptions. The stub has completed the hardware's frame to:
//      0 vector  8 error  16 rip  24 cs  32 rflags  40 rsp  48 ss
// From user mode that is on the per-CPU entry stack (isolated) or on the thread's stack (shared).
        .balign 64
        .globl  trap_isolated, trap_from_user_isolated, frame_copy_isolated, frame_copy_isolated_end
trap_isolated:
        testb   $3, 24(%rsp)
        jz      trap_from_kernel
trap_from_user_isolated:
        swapgs
        pushq   %rdi
        SWITCH_TO_KERNEL_ROOT %rdi
        movq    %rsp, %rdi
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
frame_copy_isolated:
        COPY_FRAME
frame_copy_isolated_end:
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax

        .balign 64
        .globl  trap_shared, trap_from_user_shared
trap_shared:
        testb   $3, 24(%rsp)
        jz      trap_from_kernel
trap_from_user_shared:
        swapgs
        pushq   %rdi
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax

// An #NMI or #DB that came from user mode in the shared design stands on an IST stack, which the next
// one would overwrite: move it to the thread's stack.
        .globl  trap_from_user_on_ist_shared, frame_copy_shared, frame_copy_shared_end
trap_from_user_on_ist_shared:
        swapgs
        pushq   %rdi
        movq    %rsp, %rdi
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
frame_copy_shared:
        COPY_FRAME
frame_copy_shared_end:
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax

// The kernel itself was interrupted, with its own table, stack and GS base.
        .balign 64
        .globl  trap_from_kernel
trap_from_kernel:
        pushq   %rdi
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap_from_kernel
        RESTORE_REGISTERS_BELOW_RDI
        popq    %rdi
        addq    $16, %rsp               // vector, error
        iretq

// ---- #NP, #SS and #GP may come from the IRET that leaves to user mode, when a program asked for a CS,
// SS, RSP or RIP that cannot be loaded. Then the exception has the kernel's CS but all else is as in
// user mode: GS, the table, and the stack, where the refused frame of five words stands above ours
// (and above one word that the CPU's 16-byte alignment skipped). It counts as a fault of the program.
        .set    REFUSED_FRAME, 72       // from RSP after RDI has been pushed
.macro COPY_REFUSED_FRAME
        pushq   (REFUSED_FRAME + 32)(%rdi)
        pushq   (REFUSED_FRAME + 24)(%rdi)
        pushq   (REFUSED_FRAME + 16)(%rdi)
        pushq   (REFUSED_FRAME + 8)(%rdi)
        pushq   REFUSED_FRAME(%rdi)
        pushq   16(%rdi)
        pushq   8(%rdi)
        pushq   (%rdi)
.endm

        .globl  iret_fault_isolated
iret_fault_isolated:
        testb   $3, 24(%rsp)
        jnz     trap_from_user_isolated
        MUTATION IretFaultNotRecognized, "cmpq $exit_iret_isolated, 16(%rsp)", "cmpq $0, 16(%rsp)"
        jne     trap_from_kernel
        swapgs
        pushq   %rdi
        SWITCH_TO_KERNEL_ROOT %rdi
        movq    %rsp, %rdi
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
        COPY_REFUSED_FRAME
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax

// Shared: the refused frame already stands at the top of the thread's stack, where it must be.
        .globl  iret_fault_shared
iret_fault_shared:
        testb   $3, 24(%rsp)
        jnz     trap_from_user_shared
        cmpq    $exit_iret_shared, 16(%rsp)
        jne     iret_fault_espfix_shared
        swapgs
        pushq   %rdi
        movq    %rsp, %rdi
        leaq    REFUSED_FRAME(%rdi), %rsp
        pushq   16(%rdi)
        pushq   8(%rdi)
        pushq   (%rdi)
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax

// The refused frame stands on another stack: both go to the thread's.
iret_fault_espfix_shared:
        cmpq    $exit_iret_espfix_shared, 16(%rsp)
        jne     trap_from_kernel
        swapgs
        pushq   %rdi
        movq    %rsp, %rdi
        movq    %gs:CPU_KERNEL_STACK_TOP, %rsp
        COPY_REFUSED_FRAME
        SAVE_REGISTERS_BELOW_RDI
        call    enter_trap
        jmpq    *%rax
