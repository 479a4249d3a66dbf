// SPDX-License-Identifier: MIT
// What only the supervisor may do, once; "with.NAME" loads the registers that it takes.

#include "guest/measurements/snippet_macros.inc"

        .section .rodata.snippets, "a", @progbits

        one     with.cr3_write, movq %cr3, %rax
        one     privileged.cr3_write, movq %rax, %cr3
        start   with.cr3_write_no_flush
        movq    %cr3, %rax
        btsq    $63, %rax
        finish
        one     privileged.cr3_write_no_flush, movq %rax, %cr3
        one     with.invlpg, nop
        one     privileged.invlpg, invlpg (%rdi)
        one     with.invpcid_page, xorl %eax, %eax
        one     privileged.invpcid_page, invpcid (%rdi), %rax
        one     with.invpcid_all, movl $1, %eax
        one     privileged.invpcid_all, invpcid (%rdi), %rax
        start   with.read_msr
        movl    $0xc0000102, %ecx       // IA32_KERNEL_GS_BASE
        finish
        one     privileged.read_msr, rdmsr
        start   with.write_msr
        movl    $0xc0000102, %ecx
        xorl    %eax, %eax
        xorl    %edx, %edx
        finish
        one     privileged.write_msr, wrmsr
        one     with.control_register, movq %cr0, %rax
        one     privileged.control_register, movq %rax, %cr0
        one     with.control_register_4, movq %cr4, %rax
        one     privileged.control_register_4, movq %rax, %cr4
        one     with.cpuid, nop
        start   privileged.cpuid
        xorl    %eax, %eax
        cpuid
        finish
        start   with.verw_clear
        movw    %ds, (%rdi)
        finish
        one     privileged.verw_clear, verw (%rdi)
        one     with.port_io, movl $0x80, %edx
        one     privileged.port_io, outb %al, %dx
        one     with.port_io_in, movl $0x61, %edx
        one     privileged.port_io_in, inb %dx, %al
        one     with.read_time, nop
        one     privileged.read_time, rdtscp
        one     with.other_system, nop
        one     privileged.other_system, clts
        start   privileged.swapgs       // nothing waits for it but a fence
        lfence
        swapgs
        finish
        one     privileged.swapgs_fence, lfence
