// SPDX-License-Identifier: MIT
// Every vector's entry, and the two ways to run code that may fault: in the supervisor by a call, in
// user mode by IRET. A trap in that code is recorded, and execution goes on after the call.

        .text
        .code64

        // Offsets and bits of vectors with an error code: #DF #TS #NP #SS #GP #PF #AC #CP
        .set    WITH_ERROR_CODE, 0x00227d00

        .globl  trap_entries
        .balign 16
trap_entries:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     (vector >= 32) || (((WITH_ERROR_CODE >> (vector & 31)) & 1) == 0)
        pushq   $0
        .endif
        pushq   $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

trap_common:
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        pushq   %rbx
        pushq   %rbp
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        cld
        movq    %rsp, %rdi
        movq    %rsp, %rbp
        andq    $-16, %rsp
        call    handle_trap
        movq    %rbp, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rbp
        popq    %rbx
        popq    %rdx
        popq    %rcx
        popq    %rax
        addq    $16, %rsp
        iretq

        // void run_supervisor(u64 function, u64 argument)
        .globl  run_supervisor
run_supervisor:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   $0
        movq    %rsp, resume_rsp
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax
        .globl  resume_here
resume_here:
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret

        // void run_iret(u64 argument, const u64 frame[5]): loads RIP, CS, RFLAGS, RSP, SS from
        // `frame`, with RDI = argument
        .globl  run_iret
run_iret:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   $0
        movq    %rsp, resume_rsp
        pushq   32(%rsi)
        pushq   24(%rsi)
        pushq   16(%rsi)
        pushq   8(%rsi)
        pushq   (%rsi)
        .globl  run_iret_instruction
run_iret_instruction:
        iretq

        // void run_sysret(u64 argument, u64 rip, u64 rflags, u64 rsp): to user mode by SYSRETQ
        .globl  run_sysret
run_sysret:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   $0
        movq    %rsp, resume_rsp
        movq    %rdx, %r11
        movq    %rcx, %rdx
        movq    %rsi, %rcx
        movq    %rdx, %rsp
        .globl  run_sysret_instruction
run_sysret_instruction:
        sysretq

        // Where SYSCALL lands: records RCX, R11, RSP and RFLAGS, and ends the run.
        .globl  syscall_landing
syscall_landing:
        movq    %rcx, syscall_rcx
        movq    %r11, syscall_r11
        movq    %rsp, syscall_rsp
        movq    resume_rsp, %rsp
        pushfq
        popq    syscall_rflags
        movl    %cs, %eax
        movl    %eax, syscall_cs
        movl    %ss, %eax
        movl    %eax, syscall_ss
        incl    syscall_count
        jmp     resume_here

        .bss
        .balign 8
        .globl  resume_rsp
resume_rsp:
        .skip   8
        .globl  syscall_rcx, syscall_r11, syscall_rsp, syscall_rflags, syscall_cs, syscall_ss
        .globl  syscall_count
syscall_rcx:
        .skip   8
syscall_r11:
        .skip   8
syscall_rsp:
        .skip   8
syscall_rflags:
        .skip   8
syscall_cs:
        .skip   4
syscall_ss:
        .skip   4
syscall_count:
        .skip   4

        // Code that runs in user mode; its page is mapped at user_code.
        .section .user_text, "ax"
        .globl  user_text_start
user_text_start:
        .globl  user_read
user_read:
        movb    (%rdi), %al
        int     $0x80
        .globl  user_write
user_write:
        movb    $0x5a, (%rdi)
        int     $0x80
        .globl  user_write_8
user_write_8:
        movq    %rdi, (%rdi)
        int     $0x80
        .globl  user_execute
user_execute:
        jmp     *%rdi
        .globl  user_stop
user_stop:
        int     $0x80
        .globl  user_syscall
user_syscall:
        syscall
        int     $0x80
        .globl  user_sysret
user_sysret:
        sysretq
        int     $0x80
        .globl  user_loop
user_loop:
        jmp     user_loop
        .globl  user_interrupt_32
user_interrupt_32:
        int     $32
        int     $0x80
        .globl  user_cli
user_cli:
        cli
        int     $0x80
        .globl  user_rdtsc
user_rdtsc:
        rdtsc
        int     $0x80
        .globl  user_hlt
user_hlt:
        hlt
        int     $0x80
