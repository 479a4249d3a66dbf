// SPDX-License-Identifier: MIT
// The functions that the compiler and the standard headers call without being asked. String instructions:
// short, and the fastest way on hardware as in an emulator. [sysv/abi]: 3.2.3; DF is clear on entry.

        .text
        .macro  FUNCTION name:req
        .section .text.\name, "ax", @progbits
        .balign 16
        .globl  \name
        .type   \name, @function
\name:
        .endm

        FUNCTION memcpy                 // rdi to, rsi from, rdx bytes
        movq    %rdi, %rax
copy_forward:
        movq    %rdx, %rcx
        shrq    $3, %rcx
        rep movsq
        movl    %edx, %ecx
        andl    $7, %ecx
        rep movsb
        ret
        .size   memcpy, . - memcpy

        FUNCTION memmove
        movq    %rdi, %rax
        movq    %rdi, %rcx
        subq    %rsi, %rcx
        cmpq    %rdx, %rcx              // unsigned: `to` is below `from`, or past its end
        jae     copy_forward
        leaq    -1(%rdi, %rdx), %rdi
        leaq    -1(%rsi, %rdx), %rsi
        movq    %rdx, %rcx
        std
        rep movsb
        cld
        ret
        .size   memmove, . - memmove

        FUNCTION memset                 // rdi to, sil byte, rdx bytes
        movq    %rdi, %r8
        movzbl  %sil, %eax
        movabsq $0x0101010101010101, %rcx
        imulq   %rcx, %rax
        movq    %rdx, %rcx
        shrq    $3, %rcx
        rep stosq
        movl    %edx, %ecx
        andl    $7, %ecx
        rep stosb
        movq    %r8, %rax
        ret
        .size   memset, . - memset

        FUNCTION memcmp                 // rdi, rsi, rdx bytes
        movq    %rdx, %rcx
        xorl    %eax, %eax
        cmpq    %rax, %rax              // equal if there is nothing to compare
        repe cmpsb
        je      1f
        movzbl  -1(%rdi), %eax
        movzbl  -1(%rsi), %ecx
        subl    %ecx, %eax
1:      ret
        .size   memcmp, . - memcmp

        FUNCTION strlen                 // rdi
        xorl    %eax, %eax
        movq    $-1, %rcx
        repne scasb
        notq    %rcx
        leaq    -1(%rcx), %rax
        ret
        .size   strlen, . - strlen

        FUNCTION memchr                 // rdi, sil byte, rdx bytes
        movl    %esi, %eax
        movq    %rdx, %rcx
        testq   %rcx, %rcx
        jz      1f
        repne scasb
        jne     1f
        leaq    -1(%rdi), %rax
        ret
1:      xorl    %eax, %eax
        ret
        .size   memchr, . - memchr
