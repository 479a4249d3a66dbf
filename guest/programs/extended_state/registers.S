// SPDX-License-Identifier: MIT
// Registers are loaded and stored around one system call or one loop, with nothing in between that a
// compiler or a C library could have put there.

        .set    X87, 16
        .set    YMM, X87 + 8 * 16

// long NAME(const Registers* in /* rdi */, Registers* out /* rsi */, long* call /* rdx */)
// `call` is number, first, second and third argument, and becomes the result; number -1 counts down
// from the first.
.macro HOLDING name, move, register
        .globl  \name
        .type   \name, @function
\name:
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        movq    %rdi, %rbx
        movq    %rsi, %r12
        movq    %rdx, %r13
        fninit
        fldcw   (%rbx)
        ldmxcsr 4(%rbx)
        .irp    i, 7, 6, 5, 4, 3, 2, 1, 0
        fldt    X87 + 16 * \i(%rbx)
        .endr
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        \move   YMM + 32 * \i(%rbx), %\register\i
        .endr
        movq    (%r13), %rax
        movq    8(%r13), %rdi
        movq    16(%r13), %rsi
        movq    24(%r13), %rdx
        cmpq    $-1, %rax
        je      1f
        syscall
        jmp     2f
1:      decq    %rdi
        jnz     1b
2:      movq    %rax, (%r13)
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        \move   %\register\i, YMM + 32 * \i(%r12)
        .endr
        stmxcsr 4(%r12)
        fnstcw  (%r12)
        subq    $32, %rsp
        fnstenv (%rsp)
        movw    8(%rsp), %ax
        movw    %ax, 2(%r12)
        addq    $32, %rsp
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        fstpt   X87 + 16 * \i(%r12)
        .endr
        fninit
        ldmxcsr initial_mxcsr_value(%rip)
        .ifc    \register, ymm
        vzeroupper
        .endif
        movq    (%r13), %rax
        popq    %r13
        popq    %r12
        popq    %rbx
        ret
        .size   \name, . - \name
.endm

        .text
        HOLDING hold_sse, movdqu, xmm
        HOLDING hold_avx, vmovdqu, ymm

// Where the program starts: keeps the registers as execve left them, then goes on as ever.
        .globl  start_with_a_look
        .type   start_with_a_look, @function
start_with_a_look:
        movq    %rdx, %r8
        movl    $1, %eax
        cpuid
        btl     $27, %ecx               // OSXSAVE
        jnc     1f
        movl    $7, %eax
        xorl    %edx, %edx
        xsave64 registers_at_start(%rip)
        jmp     2f
1:      fxsave64 registers_at_start(%rip)
2:      movq    %r8, %rdx
        jmp     _start
        .size   start_with_a_look, . - start_with_a_look

        .section .rodata
        .balign 4
initial_mxcsr_value:
        .long   0x1f80

        .bss
        .globl  registers_at_start
        .balign 64
registers_at_start:
        .skip   4096

        .section .note.GNU-stack, "", @progbits
