// SPDX-License-Identifier: MIT
// The first part of the way to user mode of programs that have an LDT. It is not in the exit text: the
// kernel's own table is loaded until C++ has said by which way to go on.

        .section .text.ldt_exit, "ax", @progbits

.macro EXIT_WITH_LDT way:req, by_sysret:req
        .globl  exit_\way\()_with_ldt
exit_\way\()_with_ldt:
        movq    %rsp, %rdi
        movl    $\by_sysret, %esi
        call    leave_with_ldt
        jmpq    *%rax
.endm

        EXIT_WITH_LDT iret, 0
        EXIT_WITH_LDT sysret, 1
