// SPDX-License-Identifier: MIT
// A 32-bit kernel that prints what its boot protocol hands over, and what fw_cfg tells, on COM1, and
// exits with code 5. Assembled twice: with a multiboot header (MULTIBOOT), and with a PVH note.
// [multiboot/1], [xen/pvh], [qemu/fw-cfg]

        .set    COM1, 0x3f8
        .set    DEBUG_EXIT, 0xf4
        .set    FW_CFG, 0x510
        .set    FW_CFG_SIGNATURE, 0
        .set    FW_CFG_RAM_SIZE, 3
        .set    FW_CFG_PROCESSORS, 5

#ifdef MULTIBOOT
        .set    HEADER_MAGIC, 0x1badb002
        .set    HEADER_FLAGS, 3                 // modules on pages, memory information
        .section .multiboot, "a"
        .balign 4
        .long   HEADER_MAGIC
        .long   HEADER_FLAGS
        .long   -(HEADER_MAGIC + HEADER_FLAGS)

        // struct Information
        .set    COMMAND_LINE, 16
        .set    MODULE_COUNT, 20
        .set    MODULES, 24
        .set    MODULE_TEXT, 8                  // struct Module
#else
        .section .note.pvh, "a", @note
        .balign 4
        .long   4                               // name size
        .long   4                               // descriptor size
        .long   18                              // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   start

        // struct StartInfo
        .set    START_INFO_MAGIC, 0x336ec578
        .set    MODULE_COUNT, 12
        .set    MODULES, 16
        .set    COMMAND_LINE, 24
#endif

        .text
        .code32
        .globl  start
start:
        movl    $stack_end, %esp
        movl    %ebx, %ebp                      // what the loader hands over
        call    print_protocol
        movl    $command_line_label, %esi
        call    print
        movl    COMMAND_LINE(%ebp), %esi
#ifdef MULTIBOOT
        call    skip_word                       // the file's name, which loaders spell differently
#endif
        call    print
        call    print_modules
        call    print_firmware_config
        movl    $5, %eax
        outl    %eax, $DEBUG_EXIT
        hlt

print_protocol:
        movl    $unknown, %esi
#ifdef MULTIBOOT
        cmpl    $0x2badb002, %eax
        jne     1f
        movl    $multiboot, %esi
#else
        cmpl    $START_INFO_MAGIC, (%ebp)
        jne     1f
        movl    $pvh, %esi
#endif
1:      jmp     print

// The count, and the first one's text and content: that one is text too, and ends in a NUL here,
// since memory was cleared.
print_modules:
        movl    $modules_label, %esi
        call    print
        movl    MODULE_COUNT(%ebp), %eax
        call    print_number
        cmpl    $0, MODULE_COUNT(%ebp)
        je      1f
        movl    MODULES(%ebp), %edi
#ifdef MULTIBOOT
        movl    $text_label, %esi
        call    print
        movl    MODULE_TEXT(%edi), %esi
        call    skip_word
        call    print
#endif
        movl    $content_label, %esi
        call    print
        movl    (%edi), %esi                    // both protocols begin with the address
        call    print
1:      ret

print_firmware_config:
        movl    $firmware_label, %esi
        call    print
        movl    $FW_CFG_SIGNATURE, %eax
        call    select_item
        movl    $4, %ecx
1:      call    read_item_byte
        call    put
        loop    1b
        movl    $processors_label, %esi
        call    print
        movl    $FW_CFG_PROCESSORS, %eax
        call    print_item
        movl    $memory_label, %esi
        call    print
        movl    $FW_CFG_RAM_SIZE, %eax
        call    print_item
        movl    $line_end, %esi
        jmp     print

// The low 4 bytes of item EAX, as a number.
print_item:
        call    select_item
        movl    $4, %ecx
        xorl    %ebx, %ebx
1:      call    read_item_byte
        movb    %al, %bl
        rorl    $8, %ebx
        loop    1b
        movl    %ebx, %eax
        jmp     print_number

select_item:
        movl    $FW_CFG, %edx
        outw    %ax, %dx
        ret

read_item_byte:
        movl    $(FW_CFG + 1), %edx
        inb     %dx, %al
        ret

// EAX as eight hexadecimal digits.
print_number:
        pushl   %ecx
        movl    $8, %ecx
1:      roll    $4, %eax
        pushl   %eax
        andl    $15, %eax
        movb    digits(%eax), %al
        call    put
        popl    %eax
        loop    1b
        popl    %ecx
        ret

// ESI behind its first word.
skip_word:
1:      lodsb
        cmpb    $' ', %al
        je      2f
        testb   %al, %al
        jne     1b
        decl    %esi
2:      ret

// The string at ESI.
print:
1:      lodsb
        testb   %al, %al
        je      2f
        call    put
        jmp     1b
2:      ret

put:
        movl    $COM1, %edx
        outb    %al, %dx
        ret

        .section .rodata
digits:                 .ascii  "0123456789abcdef"
multiboot:              .asciz  "multiboot\n"
pvh:                    .asciz  "pvh\n"
unknown:                .asciz  "unknown\n"
command_line_label:     .asciz  "command line: "
modules_label:          .asciz  "\nmodules: "
text_label:             .asciz  " text: "
content_label:          .asciz  " content: "
firmware_label:         .asciz  "\nfirmware: "
processors_label:       .asciz  " processors: "
memory_label:           .asciz  " memory: "
line_end:               .asciz  "\n"

        .bss
        .skip   4096
stack_end:
