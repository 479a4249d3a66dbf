// SPDX-License-Identifier: MIT
// Ways into and out of the supervisor between two readings of the time-stamp counter. Each function
// is u64 time_WAY(void): the cycles from the reading before the instruction to the reading that
// follows it wherever it leads, with what the first reading itself takes.

        .set    user_text_address, 0x10000000000       // in transitions.cpp too
        .text
        .code64

        // Saves what the C++ around expects to find again; nothing lies on the stack in between.
        .macro  enter
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushfq
        movq    %rsp, kept_stack
        .endm
        .macro  leave_timed
        movq    kept_stack, %rsp
        popfq
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        .endm
        // The first reading goes to R12 and R13.
        .macro  before
        lfence
        rdtsc
        movl    %eax, %r12d
        movl    %edx, %r13d
        .endm
        // The second is in EDX:EAX; RAX becomes the difference.
        .macro  difference
        shlq    $32, %rdx
        orq     %rdx, %rax
        shlq    $32, %r13
        orq     %r13, %r12
        subq    %r12, %rax
        .endm

// Nothing between the readings but a fence that waits for the first one.
        .globl  time_nothing
time_nothing:
        enter
        before
        rdtscp
        difference
        leave_timed

// SYSCALL, from the supervisor: what it does and costs is the same.
        .globl  time_syscall
time_syscall:
        enter
        before
        syscall
        .globl  landing_after_syscall
landing_after_syscall:
        rdtsc
        difference
        leave_timed

// SYSRET to user mode, which reads the counter and comes back by SYSCALL.
        .globl  time_sysret
time_sysret:
        enter
        movabsq $user_text_address + (user_reads_time - user_text), %rcx
        pushfq
        popq    %r11
        before
        sysretq
        .globl  landing_from_user
landing_from_user:
        movq    %r8, %rax
        movq    %r9, %rdx
        difference
        leave_timed

// IRET to user mode, likewise.
        .globl  time_iret
time_iret:
        enter
        movabsq $user_text_address + (user_reads_time - user_text), %rcx
        movq    %rsp, %rbx
        pushq   $0x23
        pushq   %rbx
        pushfq
        pushq   $0x2b
        pushq   %rcx
        before
        iretq

// An exception by UD2, one by a write to the page at RDI that may not be written, INT n, and an
// interrupt that has been waiting for STI.
        .globl  time_exception
time_exception:
        enter
        before
        ud2
        .globl  time_page_fault
time_page_fault:
        enter
        movb    (%rdi), %bl
        before
        movb    %bl, (%rdi)
        .globl  time_software_interrupt
time_software_interrupt:
        enter
        before
        int     $0x80
        .globl  time_interrupt
time_interrupt:
        enter
        before
        sti
        nop
        rdtscp                          // only where no interrupt was waiting
        cli
        difference
        leave_timed
        .globl  landing_of_trap
landing_of_trap:
        rdtsc
        difference
        leave_timed

        .globl  unexpected_trap
unexpected_trap:
        andq    $-16, %rsp
        call    report_unexpected_trap

        .bss
        .balign 8
kept_stack:
        .skip   8

// Runs in user mode, at an address of its own.
        .section .user_text, "ax"
        .globl  user_text
user_text:
user_reads_time:
        rdtsc
        movl    %eax, %r8d
        movl    %edx, %r9d
        syscall
        .globl  user_text_end
user_text_end:
