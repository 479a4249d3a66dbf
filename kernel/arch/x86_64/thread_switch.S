// SPDX-License-Identifier: MIT
// Kernel threads: the switch, and where a new one begins. Callee-saved registers and the stack pointer
// are all that a C++ call keeps; the rest is in ThreadState. [sysv/abi]: 3.2.1

#include "kernel/arch/x86_64/entry_layout.inc"

        .section .text.thread_switch, "ax", @progbits

// void switch_stacks(u64* save /* rdi */, u64 load /* rsi */)
        .globl  switch_stacks
        .type   switch_stacks, @function
switch_stacks:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   switch_stacks, . - switch_stacks

// The first switch to a thread returns here: rbx = entry, r12 = argument.
        .globl  thread_begin
thread_begin:
        movq    %r12, %rdi
        xorl    %ebp, %ebp              // ends backtraces
        callq   *%rbx
        ud2

// [[noreturn]] void leave_kernel(const TrapFrame* from /* rdi */, TrapFrame* place /* rsi */,
//                                void (*exit_path)() /* rdx */)
// Copies the frame to its place at the top of this stack, over whatever calls led here: no stack is used
// meanwhile. `from` is below `place` or on no stack, so copying downwards is right if they overlap.
        .globl  leave_kernel
leave_kernel:
        movq    %rsi, %rax
        leaq    (FRAME_SIZE - 8)(%rdi), %rsi
        leaq    (FRAME_SIZE - 8)(%rax), %rdi
        movl    $(FRAME_SIZE / 8), %ecx
        std
        rep movsq
        cld
        movq    %rax, %rsp
        jmpq    *%rdx

// [[noreturn]] void continue_on_stack(u64 stack_top /* rdi */, void (*function)() /* rsi */)
        .globl  continue_on_stack
continue_on_stack:
        movq    %rdi, %rsp
        xorl    %ebp, %ebp
        callq   *%rsi
        ud2
