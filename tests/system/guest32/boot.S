// SPDX-License-Identifier: MIT
// 32-bit images: from the PVH entry to C++ in protected mode without paging, every vector's entry,
// and the ways to run code that may trap. A trap is recorded, and execution goes on behind the call.
// [xen/pvh]

        .section .note.pvh, "a", @note
        .balign 4
        .long   4                       // name size
        .long   4                       // descriptor size
        .long   18                      // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   pvh_start

        .set    KERNEL_CODE, 0x08
        .set    KERNEL_DATA, 0x10

        .text
        .code32
        .globl  pvh_start
pvh_start:
        cld
        movl    $boot_stack_end, %esp
        call    set_up_descriptors
        ljmp    $KERNEL_CODE, $1f
1:      call    load_flat_data
        call    start_tests
        ud2

load_flat_data:
        movl    $KERNEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        ret

        // Offsets and bits of vectors with an error code: #DF #TS #NP #SS #GP #PF #AC
        .set    WITH_ERROR_CODE, 0x00027d00

        .globl  trap_entries
        .balign 16
trap_entries:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     (vector >= 32) || (((WITH_ERROR_CODE >> (vector & 31)) & 1) == 0)
        pushl   $0
        .endif
        pushl   $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

trap_common:
        pushal
        movl    $KERNEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        cld
        pushl   %esp
        call    record_trap
        .globl  resume_here
resume_here:
        movl    %cs:resume_esp, %esp
        call    load_flat_data
        cld
        popl    %edi
        popl    %esi
        popl    %ebp
        popl    %ebx
        ret

        // void run_supervisor(u32 function, u32 argument)
        .globl  run_supervisor
run_supervisor:
        movl    4(%esp), %eax
        movl    8(%esp), %ecx
        pushl   %ebx
        pushl   %ebp
        pushl   %esi
        pushl   %edi
        movl    %esp, resume_esp
        pushl   %ecx
        call    *%eax
        jmp     resume_here

        // void run_iret(const u32* words, u32 count): IRETD with these words on the stack
        .globl  run_iret
run_iret:
        pushl   %ebx
        pushl   %ebp
        pushl   %esi
        pushl   %edi
        movl    %esp, resume_esp
        movl    20(%esp), %eax
        movl    24(%esp), %ecx
1:      pushl   -4(%eax,%ecx,4)
        loop    1b
        .globl  run_iret_instruction
run_iret_instruction:
        iretl

        .bss
        .balign 16
        .globl  resume_esp
resume_esp:
        .skip   16
        .skip   16384
boot_stack_end:
