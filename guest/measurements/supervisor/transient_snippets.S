// SPDX-License-Identifier: MIT
// Code around faults. RBX: an address whose use faults; RDI: lines that tell what has run.

#include "guest/measurements/snippet_macros.inc"

        .section .rodata.snippets, "a", @progbits

        // All that follows has been dispatched when this ends.
        start   transient.ready
        xorl    %eax, %eax
        xorl    %esi, %esi
        movl    $1, %ecx
        .rept   64
        imulq   %rcx, %rcx
        .endr
        lfence
        finish
        one     transient.fault, movb %al, (%rbx)
        one     transient.step, addq %rsi, %rax
        one     transient.touch, movb (%rdi, %rax), %al
        one     transient.write, movb %al, (%rdi)
        // The line that lies as many pages behind RDI as the byte at RBX says.
        start   transient.encode
        movzbl  (%rbx), %ecx
        shlq    $12, %rcx
        movb    (%rdi, %rcx), %al
        finish

// u64 run_until_fault(const void* code, void* lines, const void* forbidden): 0. In the supervisor.
        .text
        .code64
        .macro  enter_until_fault
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, stack_before_fault
        movq    %rdi, %r8
        movq    %rsi, %rdi
        movq    %rdx, %rbx
        .endm
        .globl  run_until_fault
run_until_fault:
        enter_until_fault
        jmp     *%r8

// The same in user mode, with no stack.
        .globl  run_in_user_until_fault
run_in_user_until_fault:
        enter_until_fault
        pushq   $0x23
        pushq   $0
        pushq   $2
        pushq   $0x2b
        pushq   %r8
        iretq

        .globl  after_fault
after_fault:
        movq    stack_before_fault, %rsp
        movl    $0x10, %eax
        movl    %eax, %ss
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        xorl    %eax, %eax
        ret

        .bss
        .balign 8
stack_before_fault:
        .skip   8
