// SPDX-License-Identifier: MIT
// Breakpoints on instructions, data and ports, single steps, and what holds them back.
// [intel/vol3]: 18.2, 18.3.1, 6.8.3
#include "arch/x86/debug_registers.h"

#include <initializer_list>

#include "arch/x86/cr4.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

// Code with known addresses. Each is called as a function.
asm(R"(
        .text
        .globl three_nops, second_nop
three_nops:
        nop
second_nop:
        nop
        nop
        ret

        .globl mov_to_dr7, after_mov_to_dr7
mov_to_dr7:
        movl    $0x400, %eax
        movq    %rax, %dr7
after_mov_to_dr7:
        ret

        // RSI to RDI, three bytes
        .globl copy_three, copy_three_rep, copy_three_end
copy_three:
        movq    %rdi, %rsi
        leaq    16(%rdi), %rdi
        movl    $3, %ecx
copy_three_rep:
        rep movsb
copy_three_end:
        ret

        .globl step_over_nop, stepped_nop, step_end
step_over_nop:
        pushfq
        orq     $0x100, (%rsp)
        popfq
stepped_nop:
        movq    %rdi, (%rdi)
step_end:
        pushfq
        andq    $~0x100, (%rsp)
        popfq
        ret

        // MOV SS from the watched word, and then different things
        .globl mov_ss_then_nops, mov_ss_nops_hit
mov_ss_then_nops:
        movw    (%rdi), %ss
        nop
mov_ss_nops_hit:
        nop
        ret
        .globl mov_ss_then_int3, after_mov_ss_int3
mov_ss_then_int3:
        movw    (%rdi), %ss
        int3
after_mov_ss_int3:
        ret
        .globl mov_ss_then_icebp, after_mov_ss_icebp
mov_ss_then_icebp:
        movw    (%rdi), %ss
        .byte   0xf1
after_mov_ss_icebp:
        ret
        .globl mov_ss_before_target, mov_ss_target
mov_ss_before_target:
        movw    (%rdi), %ss
mov_ss_target:
        nop
        ret

        .globl out_to_port, after_out_to_port
out_to_port:
        movl    %edi, %edx
        xorl    %eax, %eax
        outb    %al, %dx
after_out_to_port:
        ret

        // IRET with RF set to second_nop's like
        .globl iret_with_rf, iret_with_rf_target
iret_with_rf:
        movq    %rsp, %rax
        pushq   $0x10
        pushq   %rax
        pushq   $0x10002
        pushq   $0x08
        leaq    iret_with_rf_target(%rip), %rax
        pushq   %rax
        iretq
iret_with_rf_target:
        pushfq
        popq    %rax
        ret
)");

extern "C" {
extern ringfence::u8 three_nops[], second_nop[], mov_to_dr7[], after_mov_to_dr7[], copy_three[],
    copy_three_rep[], copy_three_end[], step_over_nop[], stepped_nop[], step_end[],
    mov_ss_then_nops[], mov_ss_nops_hit[], mov_ss_then_int3[], after_mov_ss_int3[],
    mov_ss_then_icebp[], after_mov_ss_icebp[], mov_ss_before_target[], mov_ss_target[],
    out_to_port[], after_out_to_port[], iret_with_rf[], iret_with_rf_target[], trap_entries[];
}

namespace ringfence::system_test {

namespace {
using arch::x86::BreakpointCondition;
using arch::x86::Cr4;
using arch::x86::Dr6;
using arch::x86::Dr7;
using arch::x86::Rflags;
using enum arch::x86::ExceptionVector;

constexpr u64 debug_vector = static_cast<u64>(Debug);
constexpr u64 breakpoint_vector = static_cast<u64>(Breakpoint);

u64 at(const u8* symbol) {
    return reinterpret_cast<u64>(symbol);
}

u64 read_dr6() {
    u64 value;
    asm volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}
u64 read_dr7() {
    u64 value;
    asm volatile("mov %%dr7, %0" : "=r"(value));
    return value;
}
void write_dr6(u64 value) {
    asm volatile("mov %0, %%dr6" : : "r"(value));
}
void write_dr7(u64 value) {
    asm volatile("mov %0, %%dr7" : : "r"(value) : "memory");
}
void write_address(unsigned number, u64 value) {
    switch (number) {
        case 0:
            asm volatile("mov %0, %%dr0" : : "r"(value));
            return;
        case 1:
            asm volatile("mov %0, %%dr1" : : "r"(value));
            return;
        case 2:
            asm volatile("mov %0, %%dr2" : : "r"(value));
            return;
        default:
            asm volatile("mov %0, %%dr3" : : "r"(value));
            return;
    }
}

/// DR7 with one breakpoint on.
constexpr u64 control(unsigned number, BreakpointCondition condition, u64 bytes,
                      bool local = false) {
    const u64 length = bytes == 8 ? 2 : bytes - 1;
    return Dr7::reset | bit(2 * number + (local ? 0 : 1)) |
           Dr7::conditions.make((length << 2 | static_cast<u64>(condition)) << (4 * number));
}

/// What the handler of #DB saw.
struct Hit {
    u64 rip;
    u64 dr6;
    u64 dr7;
    u64 rflags;
    u64 rcx;
};
constexpr unsigned most_hits = 8;
Hit hits[most_hits];
unsigned hit_count = 0;
unsigned int3_count = 0;

void note_hit(TrapFrame& frame) {
    if (hit_count < most_hits) {
        hits[hit_count] = {frame.rip, read_dr6(), read_dr7(), frame.rflags, frame.rcx};
    }
    ++hit_count;
    write_dr6(0);
    frame.rflags |= Rflags::rf.mask;  // or an instruction breakpoint would hit again
    if (hit_count > most_hits) {
        frame.rflags &= ~Rflags::tf.mask;
        write_dr7(Dr7::reset);
    }
}

void note_int3(TrapFrame&) {
    ++int3_count;
}

/// Runs `code(argument)` with DR7 = `dr7`, and switches breakpoints off again.
void run_with(u64 dr7, const u8* code, u64 argument = 0) {
    hit_count = 0;
    int3_count = 0;
    write_dr6(0);
    write_dr7(dr7);
    asm volatile("call *%[code]"
                 : "+D"(argument)
                 : [code] "r"(code)
                 : "rax", "rcx", "rdx", "rsi", "memory", "cc");
    write_dr7(Dr7::reset);
}

void expect_hit(Group& group, const char* what, const u8* rip, u64 dr6) {
    group.expect_equal(what, hit_count, 1);
    group.expect_equal(what, hits[0].rip, at(rip));
    group.expect_equal(what, hits[0].dr6, Dr6::reset | dr6);
}

void test_instruction_breakpoints() {
    Group group("instruction breakpoints");
    for (unsigned number = 0; number < 4; ++number) {
        for (const bool local : {false, true}) {
            write_address(number, at(second_nop));
            run_with(control(number, BreakpointCondition::Execution, 1, local), three_nops);
            expect_hit(group, "on the second NOP", second_nop, bit(number));
            group.expect_equal("RF as it was", hits[0].rflags & Rflags::rf.mask, 0);
            write_address(number, 0);  // B0 to B3 may tell of those that are off, too
        }
    }
    run_with(Dr7::reset, three_nops);
    group.expect_equal("while off", hit_count, 0);
    write_address(0, at(second_nop) + 1);
    write_address(1, at(second_nop));
    run_with(control(0, BreakpointCondition::Execution, 1) |
                 control(1, BreakpointCondition::Execution, 1),
             three_nops);
    group.expect_equal("two, one after the other", hit_count, 2);
    group.expect_equal("first", hits[0].dr6, Dr6::reset | bit(1));
    group.expect_equal("second", hits[1].dr6, Dr6::reset | bit(0));
}

void test_resume_flag() {
    Group group("RF holds back an instruction breakpoint once");
    write_address(0, at(iret_with_rf_target));
    run_with(control(0, BreakpointCondition::Execution, 1), iret_with_rf);
    group.expect_equal("after IRET with RF", hit_count, 0);
    run_with(control(0, BreakpointCondition::Execution, 1), iret_with_rf_target);
    group.expect_equal("without it", hit_count, 1);
}

alignas(64) u8 watched[64];

void store8() {
    asm volatile("movb $1, (%0)" : : "r"(&watched[8]) : "memory");
}

/// The accesses around a watched range of `bytes` at watched[8], and whether they meet it.
void test_ranges(u64 bytes) {
    Group group(bytes == 1   ? "ranges of 1 byte"
                : bytes == 2 ? "ranges of 2 bytes"
                : bytes == 4 ? "ranges of 4 bytes"
                             : "ranges of 8 bytes");
    write_address(3, reinterpret_cast<u64>(&watched[8]));
    const u64 on_write = control(3, BreakpointCondition::Write, bytes);
    const u64 on_access = control(3, BreakpointCondition::Access, bytes);
    for (u64 first = 4; first < 20; ++first) {
        for (const u64 length : {1, 4}) {
            const bool meets = first < 8 + bytes && 8 < first + length;
            for (const u64 dr7 : {on_write, on_access}) {
                hit_count = 0;
                write_dr7(dr7);
                if (length == 1) {
                    asm volatile("movb $1, (%0)" : : "r"(&watched[first]) : "memory");
                } else {
                    asm volatile("movl $1, (%0)" : : "r"(&watched[first]) : "memory");
                }
                write_dr7(Dr7::reset);
                group.expect_equal("store", hit_count, meets ? 1 : 0);
                hit_count = 0;
                write_dr7(dr7);
                u32 value;
                if (length == 1) {
                    asm volatile("movzbl (%1), %0" : "=r"(value) : "r"(&watched[first]));
                } else {
                    asm volatile("movl (%1), %0" : "=r"(value) : "r"(&watched[first]));
                }
                write_dr7(Dr7::reset);
                group.expect_equal("load", hit_count, meets && dr7 == on_access ? 1 : 0);
            }
        }
    }
}

void test_data_breakpoints() {
    Group group("data breakpoints");
    write_address(1, reinterpret_cast<u64>(&watched[8]));
    const u64 on_write = control(1, BreakpointCondition::Write, 4);
    hit_count = 0;
    write_dr6(Dr6::bs.mask | bit(0));
    write_dr7(on_write);
    store8();
    write_dr7(Dr7::reset);
    group.expect_equal("one trap", hit_count, 1);
    group.expect_equal("BS stays, B0 goes", hits[0].dr6, Dr6::reset | Dr6::bs.mask | bit(1));
    group.expect_equal("RF is clear", hits[0].rflags & Rflags::rf.mask, 0);

    hit_count = 0;
    write_dr7(on_write);
    asm volatile("lock; addl $1, (%0)" : : "r"(&watched[8]) : "memory", "cc");
    write_dr7(Dr7::reset);
    group.expect_equal("read-modify-write: one trap", hit_count, 1);

    hit_count = 0;
    write_dr7(on_write);
    asm volatile("xorl %%eax, %%eax; cmpxchgl %%eax, (%0)"
                 :
                 : "r"(&watched[32])
                 : "rax", "memory", "cc");
    write_dr7(Dr7::reset);
    group.expect_equal("another word of the page", hit_count, 0);
}

void test_string_instructions() {
    Group group("REP MOVS traps after the iteration that met the breakpoint");
    const u64 source = reinterpret_cast<u64>(&watched[0]);
    write_address(0, source + 17);
    run_with(control(0, BreakpointCondition::Write, 1), copy_three, source);
    expect_hit(group, "second byte", copy_three_rep, bit(0));
    group.expect_equal("what is left", hits[0].rcx, 1);
    group.expect_equal("RF", hits[0].rflags & Rflags::rf.mask, Rflags::rf.mask);
    write_address(0, source + 18);
    run_with(control(0, BreakpointCondition::Write, 1), copy_three, source);
    expect_hit(group, "last byte", copy_three_end, bit(0));
}

void test_single_step() {
    Group group("single step with a data breakpoint");
    const u64 word = reinterpret_cast<u64>(&watched[0]);
    write_address(2, word);
    run_with(control(2, BreakpointCondition::Write, 8), step_over_nop, word);
    group.expect(hit_count >= 1, [] { out << "no trap"; });
    group.expect_equal("behind the store", hits[0].rip, at(step_end));
    group.expect_equal("both conditions", hits[0].dr6, Dr6::reset | Dr6::bs.mask | bit(2));
    group.expect_equal("then steps alone", hits[1].dr6, Dr6::reset | Dr6::bs.mask);
    group.expect_equal("PUSHF, AND, POPF", hit_count, 4);
}

void test_general_detect() {
    Group group("general detect");
    run_with(Dr7::reset | Dr7::gd.mask, mov_to_dr7);
    expect_hit(group, "MOV to DR7", after_mov_to_dr7 - 3, Dr6::bd.mask);
    group.expect_equal("the handler may use them", hits[0].dr7 & Dr7::gd.mask, 0);
    group.expect_equal("RF", hits[0].rflags & Rflags::rf.mask, Rflags::rf.mask);
}

alignas(64) u16 stack_selector = kernel_data;

void test_icebp_behind_stack_segment_load(u64 dr7, u64 word) {
    Group group("MOV SS and ICEBP are one debug exception");
    hit_count = 0;
    write_dr7(dr7);
    const Trap trap = run_in_supervisor(at(mov_ss_then_icebp), word);
    write_dr7(Dr7::reset);
    group.expect_equal("no other", trap.vector, Trap::none);
    group.expect_equal("once", hit_count, 1);
    group.expect_equal("behind ICEBP", hits[0].rip, at(after_mov_ss_icebp));
}

void test_stack_segment_loads() {
    Group group("MOV SS holds debug exceptions back");
    const u64 word = reinterpret_cast<u64>(&stack_selector);
    write_address(1, word);
    const u64 dr7 = control(1, BreakpointCondition::Access, 2);
    run_with(dr7, mov_ss_then_nops, word);
    expect_hit(group, "until behind the next instruction", mov_ss_nops_hit, bit(1));
    run_with(dr7, mov_ss_then_int3, word);
    group.expect_equal("INT3 behind it", int3_count, 1);
    expect_hit(group, "at the first instruction of the handler", trap_entries + 3 * 16, bit(1));
    test_icebp_behind_stack_segment_load(dr7, word);

    Group suppressed("MOV SS suppresses an instruction breakpoint");
    write_address(0, at(mov_ss_target));
    run_with(control(0, BreakpointCondition::Execution, 1), mov_ss_before_target, word);
    suppressed.expect_equal("behind MOV SS", hit_count, 0);
    run_with(control(0, BreakpointCondition::Execution, 1), mov_ss_target);
    suppressed.expect_equal("elsewhere", hit_count, 1);
}

void test_ports() {
    Group group("port breakpoints");
    constexpr u64 port = 0x80;  // the POST code: does nothing
    write_address(2, port);
    write_cr4(read_cr4() | Cr4::de.mask);
    run_with(control(2, BreakpointCondition::Port, 1), out_to_port, port);
    expect_hit(group, "OUT", after_out_to_port, bit(2));
    run_with(control(2, BreakpointCondition::Port, 1), out_to_port, port + 1);
    group.expect_equal("another port", hit_count, 0);
    run_with(control(2, BreakpointCondition::Port, 2), out_to_port, port + 1);
    group.expect_equal("two ports", hit_count, 1);
    write_cr4(read_cr4() & ~Cr4::de.mask);
}

void test_fetch_order() {
    Group group("an instruction breakpoint comes before the fetch's page fault");
    constexpr u64 unmapped = u64{3} << 39;
    write_address(0, unmapped);
    hit_count = 0;
    write_dr7(control(0, BreakpointCondition::Execution, 1));
    const Trap trap = run_in_supervisor(unmapped);
    write_dr7(Dr7::reset);
    group.expect_equal("breakpoint", hit_count, 1);
    group.expect_equal("then the fault", trap.vector, static_cast<u64>(PageFault));
}

bool has_transactions() {
    constexpr arch::x86::CpuidFeature rtm = arch::x86::cpuid_feature::rtm;
    return ThisCpu{}.cpuid(rtm.leaf, 0).ebx >> rtm.index & 1;
}

void test_registers() {
    Group group("registers and aliases");
    write_dr6(~u64{0} >> 32);
    group.expect_equal("DR6", read_dr6(), Dr6::reset | Dr6::writable);
    const bool transactions = has_transactions();
    write_dr6(0);
    group.expect_equal("DR6 of zeros", read_dr6(),
                       Dr6::reset & ~(transactions ? Dr6::rtm.mask : 0));
    write_dr7(0);
    group.expect_equal("DR7 of zeros", read_dr7(), Dr7::reset);
    write_dr7(Dr7::rtm.mask);
    group.expect_equal("DR7.RTM", read_dr7(), Dr7::reset | (transactions ? Dr7::rtm.mask : 0));
    write_dr7(0);
    const auto refused = [&](const char* what, void (*act)(), u64 vector) {
        group.expect_equal(what, run_in_supervisor(act).vector, vector);
    };
    constexpr auto gp = static_cast<u64>(GeneralProtection);
    constexpr auto ud = static_cast<u64>(InvalidOpcode);
    refused("DR6 above 32 bits", [] { write_dr6(u64{1} << 32); }, gp);
    refused("DR7 above 32 bits", [] { write_dr7(u64{1} << 32); }, gp);
    refused("DR4", [] { asm volatile("mov %%dr4, %%rax" : : : "rax"); }, Trap::none);
    write_cr4(read_cr4() | Cr4::de.mask);
    refused("DR4 with CR4.DE", [] { asm volatile("mov %%dr4, %%rax" : : : "rax"); }, ud);
    refused("DR5 with CR4.DE", [] { asm volatile("mov %%rax, %%dr5" : : : "rax"); }, ud);
    write_cr4(read_cr4() & ~Cr4::de.mask);
}
}  // namespace

void run_tests() {
    set_handler(debug_vector, note_hit);
    set_handler(breakpoint_vector, note_int3);
    test_registers();
    test_instruction_breakpoints();
    test_resume_flag();
    for (const u64 bytes : {1, 2, 4, 8}) {
        test_ranges(bytes);
    }
    test_data_breakpoints();
    test_string_instructions();
    test_single_step();
    test_general_detect();
    test_stack_segment_loads();
    test_ports();
    test_fetch_order();
}

}  // namespace ringfence::system_test
