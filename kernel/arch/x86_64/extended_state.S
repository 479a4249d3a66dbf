// SPDX-License-Identifier: MIT
// The instructions that keep extended state. Which of them a CPU has is known before the first of them
// runs, so the others become NOPs at boot, and no switch of threads asks again.
// EDX:EAX asks the XSAVE family for every component that XCR0 enables; FXSAVE ignores it.

#include "kernel/arch/x86_64/entry_macros.inc"

.macro ALL_COMPONENTS
        movl    $-1, %eax
        movl    %eax, %edx
.endm

        .section .text.extended_state, "ax", @progbits

// void extended_state_save(u8* image /* rdi */)
        .globl  extended_state_save
extended_state_save:
        ALL_COMPONENTS
        ALTERNATIVE ALTERNATIVE_XSAVEOPT, xsaveopt64 (%rdi)
        ALTERNATIVE ALTERNATIVE_XSAVE_ONLY, xsave64 (%rdi)
        ALTERNATIVE ALTERNATIVE_NO_XSAVE, fxsave64 (%rdi)
        ret

// void extended_state_copy(u8* image /* rdi */)
        .globl  extended_state_copy
extended_state_copy:
        ALL_COMPONENTS
        ALTERNATIVE ALTERNATIVE_XSAVE, xsave64 (%rdi)
        ALTERNATIVE ALTERNATIVE_NO_XSAVE, fxsave64 (%rdi)
        ret

// void extended_state_load(const u8* image /* rdi */)
        .globl  extended_state_load
extended_state_load:
        ALL_COMPONENTS
        ALTERNATIVE ALTERNATIVE_XSAVE, xrstor64 (%rdi)
        ALTERNATIVE ALTERNATIVE_NO_XSAVE, fxrstor64 (%rdi)
        ret
