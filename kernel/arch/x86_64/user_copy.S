// SPDX-License-Identifier: MIT
// The only instructions of the kernel that touch user memory. Each that may fault has a row in the
// exception table: {instruction, where to go on}. SMAP is lifted for as long as each routine runs; a page
// fault on the way saves and restores AC with RFLAGS.

#include "kernel/arch/x86_64/entry_macros.inc"

.macro MAY_FAULT at:req, continue:req
        .pushsection .exception_table, "a"
        .balign 8
        .quad   \at, \continue
        .popsection
.endm

.macro OPEN_USER_MEMORY
        ALTERNATIVE ALTERNATIVE_SMAP, stac
.endm
.macro CLOSE_USER_MEMORY
        ALTERNATIVE ALTERNATIVE_SMAP, clac
.endm

        .section .text.user_copy, "ax", @progbits

// usize copy_user_bytes(void* to /* rdi */, const void* from /* rsi */, usize bytes /* rdx */)
// One side is user memory. Gives the bytes that were not copied.
        .globl  copy_user_bytes
copy_user_bytes:
        OPEN_USER_MEMORY
        movq    %rdx, %rcx
        shrq    $3, %rcx
        andl    $7, %edx
1:      rep movsq
        movl    %edx, %ecx
2:      rep movsb
3:      CLOSE_USER_MEMORY
        movq    %rcx, %rax
        ret
4:      leaq    (%rdx, %rcx, 8), %rcx   // the word that faulted, byte by byte up to the bad page
        jmp     2b
        MAY_FAULT 1b, 4b
        MAY_FAULT 2b, 3b

// usize clear_user_bytes(void* start /* rdi */, usize bytes /* rsi */): bytes that were not cleared
        .globl  clear_user_bytes
clear_user_bytes:
        OPEN_USER_MEMORY
        xorl    %eax, %eax
        movq    %rsi, %rcx
        shrq    $3, %rcx
        andl    $7, %esi
1:      rep stosq
        movl    %esi, %ecx
2:      rep stosb
3:      CLOSE_USER_MEMORY
        movq    %rcx, %rax
        ret
4:      leaq    (%rsi, %rcx, 8), %rcx
        jmp     2b
        MAY_FAULT 1b, 4b
        MAY_FAULT 2b, 3b

// i64 copy_user_string(char* to /* rdi */, const char* from /* rsi */, usize capacity /* rdx */)
// Copies up to and including the NUL; its length, or -1 for a fault, or -2 if no NUL was in reach.
        .globl  copy_user_string
copy_user_string:
        OPEN_USER_MEMORY
        xorl    %ecx, %ecx
1:      cmpq    %rdx, %rcx
        je      3f
2:      movb    (%rsi, %rcx), %al
        movb    %al, (%rdi, %rcx)
        testb   %al, %al
        jz      4f
        incq    %rcx
        jmp     1b
3:      movq    $-2, %rcx
4:      CLOSE_USER_MEMORY
        movq    %rcx, %rax
        ret
5:      movq    $-1, %rcx
        jmp     4b
        MAY_FAULT 2b, 5b

// u64 compare_exchange_user_word(u32* word /* rdi */, u32 expected /* esi */, u32 desired /* edx */)
// The old value, or -1 for a fault.
        .globl  compare_exchange_user_word
compare_exchange_user_word:
        OPEN_USER_MEMORY
        movl    %esi, %eax
1:      lock cmpxchgl %edx, (%rdi)
        movl    %eax, %eax
2:      CLOSE_USER_MEMORY
        ret
3:      movq    $-1, %rax
        jmp     2b
        MAY_FAULT 1b, 3b
