// SPDX-License-Identifier: MIT
// The snippets that need no right. Registers: RDI points to data; R14 and R15 belong to the loop
// around (stopwatch.cpp); all others may be changed.

#include "guest/measurements/snippet_macros.inc"

        // For each of twelve general registers, none of which the loop or the data pointer is.
        .macro  registers operation:req
        .irp    register, rax, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13
        \operation %\register
        .endr
        .endm
        .macro  vectors operation:req
        .irp    register, xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11
        \operation %\register
        .endr
        .endm

        .section .rodata.snippets, "a", @progbits

// The frame of a timed loop: u64 function(void* data, u64 iterations). ------------------------------

        start   frame.enter
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsi, %r15
        lfence
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        movq    %rax, %r14
        movl    $1, %ebx
        xorl    %eax, %eax
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %ebp, %ebp
        movl    $1, %r8d
        movl    $1, %r9d
        movl    $1, %r10d
        movl    $1, %r11d
        movl    $1, %r12d
        movl    $1, %r13d
        lfence
        finish
        one     frame.count, decq %r15
        start   frame.leave
        lfence
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        subq    %r14, %rax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        finish

// Chains: each reads what the one before wrote. ----------------------------------------------------

        one     chain.integer, addq %rbx, %rax
        one     chain.lea, leaq 1(%rax), %rax
        one     chain.shift, shlq $1, %rax
        one     chain.multiply, imulq %rbx, %rax
        one     chain.divide32, divl %ebx
        one     chain.divide64, divq %rbx
        one     chain.bit_scan, popcntq %rax, %rax
        one     chain.vector_integer, paddq %xmm1, %xmm0
        one     chain.vector_shuffle, pshufd $0x1b, %xmm0, %xmm0
        one     chain.vector_multiply, pmuludq %xmm1, %xmm0
        one     chain.float_add, addsd %xmm1, %xmm0
        one     chain.float_multiply, mulsd %xmm1, %xmm0
        one     chain.float_divide32, divss %xmm1, %xmm0
        one     chain.float_divide64, divsd %xmm1, %xmm0
        one     chain.float_square_root, sqrtsd %xmm0, %xmm0
        one     chain.convert, cvtdq2ps %xmm0, %xmm0
        start   chain.transfer
        movq    %rax, %xmm0
        movq    %xmm0, %rax
        finish
        one     chain.aes, aesenc %xmm1, %xmm0
        one     chain.x87, fadd %st(0), %st
        one     chain.x87_slow, fsin
        one     chain.microcode, cmpxchgq %rbx, %rcx

// As many as the units take: twelve that do not wait for each other. -------------------------------

        start   many.integer
        registers "addq $1,"
        finish
        start   many.lea
        registers "leaq 1(%rdi),"
        finish
        start   many.shift
        registers "shlq $1,"
        finish
        start   many.multiply
        registers "imulq $3, %rdi,"
        finish
        start   many.divide32
        .rept   12
        xorl    %edx, %edx
        movl    $1, %eax
        divl    %ebx
        .endr
        finish
        start   many.divide64
        .rept   12
        xorl    %edx, %edx
        movl    $1, %eax
        divq    %rbx
        .endr
        finish
        start   many.bit_scan
        registers "popcntq %rdi,"
        finish
        start   many.branch
        .rept   12
        jc      1f
1:
        .endr
        finish
        start   many.vector_integer
        vectors "paddq %xmm15,"
        finish
        start   many.vector_shuffle
        vectors "pshufd $0x1b, %xmm15,"
        finish
        start   many.vector_multiply
        vectors "pmuludq %xmm15,"
        finish
        start   many.float_add
        vectors "addsd %xmm15,"
        finish
        start   many.float_multiply
        vectors "mulsd %xmm15,"
        finish
        start   many.float_divide32
        vectors "divss %xmm15,"
        finish
        start   many.float_divide64
        vectors "divsd %xmm15,"
        finish
        start   many.float_square_root
        vectors "sqrtsd %xmm15,"
        finish
        start   many.convert
        vectors "cvtdq2ps %xmm15,"
        finish
        start   many.transfer
        vectors "movq %rax,"
        finish
        start   many.aes
        vectors "aesenc %xmm15,"
        finish
        start   many.microcode
        .rept   12
        xorl    %eax, %eax
        movl    $1, %ecx
        cmpxchgq %rbx, %rcx
        .endr
        finish

// One of each class, for its micro-operations. -------------------------------------------------------

        start   single.branch
        jc      1f
1:
        finish

// Two misses, R12's and R13's list, and what may lie between them. ----------------------------------

        start   misses.start
        movq    (%rdi), %r12
        movq    8(%rdi), %r13
        lfence
        finish
        start   misses.first
        mfence
        lfence
        movq    (%r12), %r12
        finish
        one     misses.second, movq (%r13), %r13
        start   misses.dependent        // R12's next is used as an index that is 0
        movq    %r12, %r11
        subq    %r12, %r11
        movq    (%r13, %r11), %r13
        finish
        one     misses.after, lfence
        one     filler.nop, nop
        one     filler.waiting, cmpq %r12, %r11
        one     filler.load, movq (%rdi), %rax
        one     filler.store, movq %rbx, 16(%rdi)

// Accesses. ------------------------------------------------------------------------------------------

        one     chase.start, movq %rdi, %rax
        one     chase.step, movq (%rax), %rax
        one     load.by_rcx, movq (%rcx), %rcx
        start   load.by_stride          // the fence keeps wrong paths from loading
        lfence
        movq    (%rax), %rcx
        addq    $640, %rax
        finish

        start   burst.begin             // long enough for the stores before to reach the cache
        .rept   32
        imulq   %rbx, %rsi
        .endr
        lfence
        finish
        one     burst.end, lfence
        start   group.microcode
        xorl    %eax, %eax
        movl    $1, %ecx
        cmpxchgq %rbx, %rcx
        finish
        start   memory.loads
        .irp    register, rax, rbx, rcx, rdx, rsi, rbp, r8, r9
        movq    (%rdi), %\register
        .endr
        finish
        start   memory.load_store
        movq    (%rdi), %rax
        movq    %rbx, 16(%rdi)
        finish
        start   memory.2_loads_store
        movq    (%rdi), %rax
        movq    %rbx, 16(%rdi)
        movq    8(%rdi), %rcx
        finish
        start   memory.2_loads_2_stores
        movq    (%rdi), %rax
        movq    %rbx, 16(%rdi)
        movq    8(%rdi), %rcx
        movq    %rbx, 24(%rdi)
        finish
        start   memory.forward
        movq    %rax, 16(%rdi)
        movq    16(%rdi), %rax
        finish

// Branches. -----------------------------------------------------------------------------------------

        start   branch.fenced
        addq    %rax, %rax
        jc      1f
1:      lfence
        finish
        start   branch.fence_alone
        addq    %rax, %rax
        lfence
        finish
        one     branch.pattern, movq (%rdi), %rax
        start   branch.by_pattern       // goes by the pattern's highest bit; both ways lead on
        addq    %rax, %rax
        jc      1f
        nop
1:
        finish
        start   branch.table            // RCX: where to jump first, into the first branch.indirect
        movq    (%rdi), %rcx
        movl    $6, %r8d
        jmp     *%rcx
        finish
        start   branch.indirect         // six bytes; jumps to the next one, or into it
        nop
        addq    %r8, %rcx
        jmp     *%rcx
        finish
        one     branch.return, ret
        start   branch.inner_loop
        movq    8(%rdi), %rcx
1:      decq    %rcx
        jnz     1b
        finish

// Chains of addresses that are written into the code. ----------------------------------------------

        one     address.first, leaq (%rdx, %rcx), %rax
        start   address.chain
        movq    (%rax), %rcx
        leaq    (%rdx, %rcx), %rax
        finish
        start   page_by_page.start
        movq    %rdi, %rax
        finish
        start   page_by_page.load       // of eight pages
        movq    (%rax), %rcx
        .irp    page, 1, 2, 3, 4, 5, 6, 7
        movq    \page * 4096(%rax), %rcx
        .endr
        addq    $32768, %rax
        finish

// Transactions. --------------------------------------------------------------------------------------

        one     transaction.fence, lfence
        start   transaction.begin_end
        xbegin  1f
        lfence
        xend
1:      lfence
        finish
        start   transaction.begin_abort
        xbegin  1f
        lfence
        xabort  $0
1:      lfence
        finish
        start   transaction.begin_begin_abort
        xbegin  1f
        lfence
        xbegin  1f
        lfence
        xabort  $0
1:      lfence
        finish

// What no figure of its own stands for. ------------------------------------------------------------

        one     other.lfence, lfence
        one     other.mfence, mfence
        one     other.sfence, sfence
        one     other.clflush, clflush (%rdi)
        one     other.pause, pause
