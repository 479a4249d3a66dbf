// SPDX-License-Identifier: MIT
// From the PVH entry (32-bit protected mode, paging off) to C++ in long mode, with the first 4 GiB
// mapped one to one for the supervisor in pages of 2 MiB. [xen/pvh]

        .section .note.pvh, "a", @note
        .balign 4
        .long   4                       // name size
        .long   8                       // descriptor size
        .long   18                      // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   pvh_start

        .set    PRESENT_WRITABLE, 0x3
        .set    LARGE, 0x80
        .set    CR4_PAE, 1 << 5
        .set    CR0_PG_WP_NE_ET_PE, (1 << 31) | (1 << 16) | (1 << 5) | (1 << 4) | 1
        .set    MSR_EFER, 0xc0000080
        .set    EFER_NXE_LME_SCE, (1 << 11) | (1 << 8) | 1

        .text
        .code32
        .globl  pvh_start
pvh_start:
        cld
        movl    $boot_stack_end, %esp

        movl    $boot_directories, %edi         // 2048 pages of 2 MiB
        movl    $(PRESENT_WRITABLE | LARGE), %eax
1:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        jnc     1b

        movl    $boot_pointers, %edi
        movl    $(boot_directories + PRESENT_WRITABLE), %eax
        movl    $4, %ecx
2:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $4096, %eax
        loop    2b
        movl    $(boot_pointers + PRESENT_WRITABLE), boot_root

        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $boot_root, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        movl    $EFER_NXE_LME_SCE, %eax
        xorl    %edx, %edx
        wrmsr
        movl    $CR0_PG_WP_NE_ET_PE, %eax
        movl    %eax, %cr0
        lgdt    boot_gdt_pointer
        ljmp    $8, $boot_long_mode

        .code64
boot_long_mode:
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        xorl    %ebp, %ebp
        call    start_image
        ud2

        .section .rodata
        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      // 64-bit code
        .quad   0x00cf93000000ffff      // data
boot_gdt_end:
boot_gdt_pointer:
        .word   boot_gdt_end - boot_gdt - 1
        .quad   boot_gdt

        .bss
        .balign 4096
        .globl  boot_root
boot_root:
        .skip   4096
boot_pointers:
        .skip   4096
boot_directories:
        .skip   4 * 4096
        .skip   16384
boot_stack_end:
