// SPDX-License-Identifier: MIT
// From the PVH entry (32-bit protected mode, paging off, EBX = start info) to C++ in long mode at
// the kernel's own addresses. [xen/pvh]
//
// The boot tables map the first 4 GiB at 0 (for this file, until the kernel's own tables are loaded) and
// at the linked direct map, and the first 8 MiB at the image's linked addresses. There a first
// piece of C++ runs, which chooses where things shall be and maps them there as well. Then the
// image is relocated, by code that lies here, and starts at its new place.

#include "kernel/arch/x86_64/entry_layout.inc"

        .section .note.pvh, "a", @note
        .balign 4
        .long   4                       // name size
        .long   8                       // descriptor size
        .long   18                      // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   pvh_start

        .set    PAGE_PRESENT_WRITABLE, 0x3
        .set    PAGE_LARGE, 0x80
        .set    CR4_PAE, 1 << 5
        .set    CR0_PG_WP_NE_ET_MP_PE, (1 << 31) | (1 << 16) | (1 << 5) | (1 << 4) | (1 << 1) | 1
        .set    MSR_EFER, 0xc0000080
        .set    EFER_NXE_LME_SCE, (1 << 11) | (1 << 8) | 1
        .set    CPUID_LONG_MODE, 1 << 29
        .set    CPUID_NX, 1 << 20
        .set    CODE64_SELECTOR, 8
        .set    BOOT_IMAGE_PAGES, 4     // of 2 MiB: boot_image_limit of layout.h

        .section .boot, "awx"
        .code32
        .globl  pvh_start
pvh_start:
        cld
        movl    %ebx, %ebp              // start info, kept until C++
        movl    $boot_stack_end, %esp

        // A CPU without long mode or without NX cannot run this kernel: say so and stop.
        movl    $0x80000000, %eax
        cpuid
        cmpl    $0x80000001, %eax
        jb      unsupported_cpu
        movl    $0x80000001, %eax
        cpuid
        andl    $(CPUID_LONG_MODE | CPUID_NX), %edx
        cmpl    $(CPUID_LONG_MODE | CPUID_NX), %edx
        jne     unsupported_cpu

        // Four page directories of 2 MiB pages: the first 4 GiB.
        movl    $boot_page_directories, %edi
        movl    $(PAGE_PRESENT_WRITABLE | PAGE_LARGE), %eax
1:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        jnc     1b

        movl    $(boot_page_directories + PAGE_PRESENT_WRITABLE), %eax
        movl    $boot_pdpt_low, %edi
        movl    $4, %ecx
2:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $4096, %eax
        loop    2b

        // Of its own, since the image's new place is mapped in it.
        movl    $boot_image_directory, %edi
        movl    $(PAGE_PRESENT_WRITABLE | PAGE_LARGE), %eax
        movl    $BOOT_IMAGE_PAGES, %ecx
3:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        loop    3b

        movl    $(boot_image_directory + PAGE_PRESENT_WRITABLE), boot_pdpt_high + 8 * 510
        movl    $(boot_pdpt_low + PAGE_PRESENT_WRITABLE), boot_root
        movl    $(boot_pdpt_low + PAGE_PRESENT_WRITABLE), boot_root + 8 * DIRECT_MAP_ROOT_INDEX
        movl    $(boot_pdpt_high + PAGE_PRESENT_WRITABLE), boot_root + 8 * 511

        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $boot_root, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        movl    $EFER_NXE_LME_SCE, %eax
        xorl    %edx, %edx
        wrmsr
        movl    $CR0_PG_WP_NE_ET_MP_PE, %eax
        movl    %eax, %cr0
        lgdt    boot_gdt_pointer
        ljmp    $CODE64_SELECTOR, $boot_long_mode

unsupported_cpu:
        movl    $unsupported_message, %esi
7:      lodsb
        testb   %al, %al
        jz      4f
        movb    %al, %bl
        movw    $0x3fd, %dx             // COM1 line status: wait for an empty transmitter
5:      inb     %dx, %al
        testb   $0x20, %al
        jz      5b
        movb    %bl, %al
        movw    $0x3f8, %dx
        outb    %al, %dx
        jmp     7b
4:      movl    $0x11, %eax             // MachineExit::KernelPanic
        movw    $0xf4, %dx
        outl    %eax, %dx
6:      hlt
        jmp     6b
unsupported_message:
        .asciz  "ringfence: this CPU has no long mode or no NX; both are needed\n"

        .code64
boot_long_mode:
        xorl    %eax, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %ebp, %ebx              // start info
        xorl    %ebp, %ebp              // ends backtraces
        movq    $boot_kernel_stack_end, %rsp
        movl    %ebx, %edi
        movq    $choose_layout, %rax
        callq   *%rax
        callq   relocate_image
        // The same names mean the new places from here on: the operands below have been relocated.
        movq    $boot_kernel_stack_end, %rsp
        movl    %ebx, %edi
        movq    $boot_main, %rax
        callq   *%rax
        ud2

        .balign 8
        .globl  layout_displacements
layout_displacements:                   // boot_layout.h
        .skip   4 * 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      // 64-bit code
boot_gdt_pointer:
        .word   boot_gdt_pointer - boot_gdt - 1
        .long   boot_gdt

        .section .boot_tables, "aw", @nobits
        .balign 4096
        .globl  boot_root, boot_direct_map_directories, boot_page_directories, boot_spare_tables
boot_root:
        .skip   4096
boot_pdpt_low:
        .skip   4096
boot_pdpt_high:
        .skip   4096
boot_direct_map_directories:
        .skip   4096
boot_image_directory:
        .skip   4096
boot_page_directories:
        .skip   4 * 4096
boot_spare_tables:
        .skip   6 * 4096
        .skip   256
boot_stack_end:

        .section .bss.boot_kernel_stack, "aw", @nobits
        .balign 16
        .skip   16384
boot_kernel_stack_end:
