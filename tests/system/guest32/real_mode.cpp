// SPDX-License-Identifier: MIT
// Real mode, entered from protected mode and left again: segments, the vector table, far transfers,
// limits, and what does not exist there. [intel/vol3]: 10.9, 21.1
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest32/traps.h"

// The 16-bit part is copied to 8000H, paragraph 800H; its symbols are relative to its start. Each
// case leaves words in `results`.
asm(R"(
        .text
        .code32
        .globl run_in_real_mode
run_in_real_mode:
        pushal
        movl    %esp, saved_esp
        movl    $0x48, %eax             // flat, for the limit that stays
        movl    %eax, %fs
        ljmp    $0x38, $(enter_real - real_start)

        .globl back_from_real_mode
back_from_real_mode:
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    saved_esp, %esp
        popal
        ret

        .bss
        .balign 4
saved_esp:
        .skip   4

        .text
        .balign 16
        .globl  real_start, real_end, real_results, real_table
        .code16
real_start:
enter_real:
        movw    $0x40, %ax              // 64 KiB of data at 8000H
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    %cr0, %eax
        andb    $0xfe, %al
        movl    %eax, %cr0
        ljmp    $0x800, $(in_real - real_start)
in_real:
        movw    $0x800, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7000, %sp
        xorw    %ax, %ax
        movw    %ax, %fs
        lidtw   real_table - real_start
        movw    $(real_results - real_start), %di

        // Words 0 to 3: a software interrupt: IP, CS, FLAGS in its frame, FLAGS in its handler
        pushw   $0x0003
        popfw
        int     $0x41
after_int:
        // 4: a trap for division: IP behind it (the handler steps over two bytes)
        xorw    %cx, %cx
        divw    %cx
after_div:
        // 5: SP when all is done, 6 and 7: flags that IRET loads
        pushw   $0x7202
        pushw   %cs
        pushw   $(after_iret - real_start)
        iretw
after_iret:
        pushfw
        popw    %ax
        movw    %sp, (%di)
        movw    %ax, 2(%di)
        pushw   $0x0002
        popfw
        addw    $4, %di
        // 7: a far call to another paragraph, and back
        lcall   $0x801, $(far_target - real_start - 16)
after_far:
        // 8 and 9: a paragraph as a base
        movw    $0x803, %ax
        movw    %ax, %es
        movw    $0xbeef, %es:4
        movw    0x34, %ax
        movw    %ax, (%di)
        movw    %es, 2(%di)
        addw    $4, %di
        // 10: what SLDT raises (the handler steps over three bytes)
        sldtw   %ax
after_sldt:
        // 11: the limit that protected mode left in FS
        movl    $0x00200000, %ebx
        movl    $0x12345678, %fs:(%ebx)
        movw    %fs:(%ebx), %ax
        movw    %ax, (%di)
        addw    $2, %di
        // 12 and 13: words at the end of a segment (the handlers step over four bytes)
        movw    $0xdead, (%di)
        movw    $0xdead, 2(%di)
        .byte   0x8b, 0x06, 0xff, 0xff  // movw 0xffff, %ax
after_gp:
        movw    $0xffff, %bp
        .byte   0x8b, 0x86, 0x00, 0x00  // movw 0(%bp), %ax
after_ss:

        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $0x08, $back_from_real_mode

        // Handlers: the word at DI tells what came.
int_handler:
        movw    %sp, %bp
        movw    (%bp), %ax
        movw    %ax, (%di)
        movw    2(%bp), %ax
        movw    %ax, 2(%di)
        movw    4(%bp), %ax
        movw    %ax, 4(%di)
        pushfw
        popw    %ax
        movw    %ax, 6(%di)
        addw    $8, %di
        iretw
div_handler:
        movw    %sp, %bp
        addw    $2, (%bp)
        jmp     note_ip
undefined_handler:
        movw    %sp, %bp
        addw    $3, (%bp)
        jmp     note_ip
limit_handler:
        movw    %sp, %bp
        addw    $4, (%bp)
note_ip:
        movw    (%bp), %ax
        movw    %ax, (%di)
        addw    $2, %di
        iretw
far_target:
        movw    %cs, (%di)
        addw    $2, %di
        lretw

        .balign 4
real_results:
        .skip   64
real_table:
        .word   0x3ff
        .long   0
real_end:
        .code32

        // Offsets from 8000H, for C++.
        .macro offset name
        .globl  offset_of_\name
        .set    offset_of_\name, \name - real_start
        .endm
        offset after_int
        offset after_div
        offset after_sldt
        offset after_gp
        offset after_ss
        offset int_handler
        offset div_handler
        offset undefined_handler
        offset limit_handler
        offset real_results
)");

extern "C" {
void run_in_real_mode();
extern const ringfence::u8 real_start[], real_end[];
extern const ringfence::u8 offset_of_after_int[], offset_of_after_div[], offset_of_after_sldt[],
    offset_of_after_gp[], offset_of_after_ss[], offset_of_int_handler[], offset_of_div_handler[],
    offset_of_undefined_handler[], offset_of_limit_handler[], offset_of_real_results[];
}

namespace ringfence::system_test {

namespace {
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;

constexpr u32 real_base = 0x8000;
constexpr u16 real_paragraph = real_base / 16;

u16 offset(const u8* symbol) {
    return static_cast<u16>(reinterpret_cast<u32>(symbol));
}

/// Memory below 1 MiB, where the program has nothing.
template <typename T>
volatile T* low_memory(u32 address) {
    asm("" : "+r"(address));  // address 0 is a good one here
    return reinterpret_cast<volatile T*>(address);
}

void set_vector(unsigned vector, const u8* handler) {
    *low_memory<u16>(vector * 4) = offset(handler);
    *low_memory<u16>(vector * 4 + 2) = real_paragraph;
}

void set_up() {
    const auto bytes = static_cast<u32>(real_end - real_start);
    for (u32 i = 0; i < bytes; ++i) {
        *low_memory<u8>(real_base + i) = real_start[i];
    }
    const u64 at_base = SegmentDescriptor::base_low.make(real_base);
    set_descriptor(0x38, SegmentDescriptor::paragraphs(0) | SegmentDescriptor::code.mask | at_base);
    set_descriptor(0x40, SegmentDescriptor::paragraphs(0) | at_base);
    set_descriptor(0x48, SegmentDescriptor::flat_data(0));
    set_vector(0x41, offset_of_int_handler);
    set_vector(0, offset_of_div_handler);
    set_vector(6, offset_of_undefined_handler);
    set_vector(12, offset_of_limit_handler);
    set_vector(13, offset_of_limit_handler);
}
}  // namespace

void run_tests() {
    set_up();
    struct RF_PACKED {
        u16 limit;
        u32 base;
    } table;
    asm volatile("sidt %0" : "=m"(table));
    run_in_real_mode();
    asm volatile("lidt %0" : : "m"(table));

    const auto word = [](unsigned i) {
        return *low_memory<u16>(real_base + offset(offset_of_real_results) + i * 2);
    };
    {
        Group group("software interrupts");
        group.expect_equal("IP", word(0), offset(offset_of_after_int));
        group.expect_equal("CS", word(1), real_paragraph);
        group.expect_equal("FLAGS", word(2), Rflags::cf.mask | Rflags::fixed_one.mask);
        group.expect_equal("FLAGS of the handler", word(3),
                           Rflags::cf.mask | Rflags::fixed_one.mask);
    }
    {
        Group group("exceptions");
        group.expect_equal("division", word(4), offset(offset_of_after_div));
        group.expect_equal("SLDT", word(10), offset(offset_of_after_sldt));
    }
    {
        Group group("far transfers");
        group.expect_equal("SP after IRET", word(5), 0x7000);
        group.expect_equal("FLAGS after IRET", word(6), 0x7202);
        group.expect_equal("CS of a far call", word(7), real_paragraph + 1);
    }
    {
        Group group("segments");
        group.expect_equal("base", word(8), 0xbeef);
        group.expect_equal("selector", word(9), real_paragraph + 3);
        group.expect_equal("a limit that protected mode left", word(11), 0x5678);
    }
    Group group("limits");
    group.expect_equal("#GP", word(12), offset(offset_of_after_gp));
    group.expect_equal("#SS", word(13), offset(offset_of_after_ss));
}

}  // namespace ringfence::system_test
