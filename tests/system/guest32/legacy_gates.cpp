// SPDX-License-Identifier: MIT
// Interrupt, trap and call gates of 16 and 32 bits, the stacks that they change, conforming
// segments and limits. [intel/vol3]: 5.8, 6.11, 6.12
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest32/traps.h"

asm(R"(
        .text
        .globl int_41, call_gate, call_with_parameters, call_limited, user_stop
int_41:
        int     $0x41
        ret
call_gate:
        lcall   $0x33, $0xf4f4f4f4
        int     $0x80
call_with_parameters:
        pushl   $0x11
        pushl   $0x22
        lcall   $0x33, $0
user_stop:
        int     $0x80

        // Behind a gate: keeps ESP and the words there, and goes back.
        .globl gate_target, gate_target_parameters, gate_target16
gate_target:
        movl    %esp, %ss:gate_esp
        lretl
gate_target_parameters:
        movl    %esp, %ss:gate_esp
        movl    (%esp), %eax
        movl    %eax, %ss:gate_words
        movl    4(%esp), %eax
        movl    %eax, %ss:gate_words + 4
        movl    8(%esp), %eax
        movl    %eax, %ss:gate_words + 8
        movl    12(%esp), %eax
        movl    %eax, %ss:gate_words + 12
        movl    16(%esp), %eax
        movl    %eax, %ss:gate_words + 16
        movl    20(%esp), %eax
        movl    %eax, %ss:gate_words + 20
        lretl   $8
gate_target16:
        movl    %esp, %ss:gate_esp
        lretw

        // For a code segment that ends at limit_end: the functions before it fault at marked places.
        .balign 16
        .globl limited_jump, limited_loop, limited_fall, limit_end
limited_jump:
        jmp     limit_end + 16
limited_loop:
        movl    $2, %ecx
        loop    limit_end + 16
limited_fall:
        nop
limit_end:
        .skip   32, 0x90
        int     $0x80                   // where limits are not held

        .bss
        .balign 4
        .globl gate_esp, gate_words
gate_esp:
        .skip   4
gate_words:
        .skip   24
)");

extern "C" {
extern const ringfence::u8 int_41[], call_gate[], call_with_parameters[], user_stop[],
    gate_target[], gate_target_parameters[], gate_target16[], limited_jump[], limited_loop[],
    limited_fall[], limit_end[];
extern volatile ringfence::u32 gate_esp, gate_words[6];
}

namespace ringfence::system_test {

namespace {
using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using enum arch::x86::ExceptionVector;
using Vector = arch::x86::ExceptionVector;

constexpr u8 vector = 0x41;
constexpr u16 gate = free_selector;
constexpr u16 spare = free_selector + 8;
constexpr u16 limited = free_selector + 16;

u32 address(const u8* symbol) {
    return reinterpret_cast<u32>(symbol);
}

void expect(Group& group, const char* what, const Trap& trap, Vector wanted, u32 error_code,
            u32 eip) {
    group.expect_equal(what, trap.vector, static_cast<u32>(wanted));
    group.expect_equal(what, trap.frame.error_code, error_code);
    group.expect_equal(what, trap.frame.eip, eip);
}

void test_interrupt_gates() {
    Group group("interrupt gates");
    set_gate(vector, recording_gate(vector, kernel_code, SystemSegmentType::TrapGate, 3));
    const Trap inner = run_in_user(address(int_41));
    group.expect_equal("from CPL 3", inner.vector, vector);
    group.expect_equal("EIP", inner.frame.eip, address(int_41) + 2);
    group.expect_equal("CS", inner.frame.cs & 0xffff, user_code);
    group.expect_equal("ESP", inner.frame.esp, user_stack_top());
    group.expect_equal("SS", inner.frame.ss & 0xffff, user_data);
    group.expect_equal("on the inner stack", inner.frame_address + 60, inner_stack_top());
    const Trap same = run_in_supervisor(address(int_41));
    group.expect_equal("from CPL 0", same.vector, vector);
    group.expect_equal("CS", same.frame.cs & 0xffff, kernel_code);
    set_gate(vector, recording_gate(vector));
}

void test_bad_gates() {
    Group group("gates that are wrong");
    set_descriptor(spare, SegmentDescriptor::present.set(SegmentDescriptor::flat_code32(0), 0));
    constexpr u32 by_gate = vector * 8 | 2;
    const struct {
        const char* what;
        u64 gate;
        Vector vector;
        u32 error_code;
    } rows[] = {
        {"privilege", recording_gate(vector), GeneralProtection, by_gate},
        {"type", recording_gate(vector, kernel_code, SystemSegmentType::CallGate, 3),
         GeneralProtection, by_gate},
        {"absent",
         Gate::present.set(recording_gate(vector, kernel_code, SystemSegmentType::InterruptGate, 3),
                           0),
         SegmentNotPresent, by_gate},
        {"null selector", recording_gate(vector, 0, SystemSegmentType::InterruptGate, 3),
         GeneralProtection, 0},
        {"data segment", recording_gate(vector, kernel_data, SystemSegmentType::InterruptGate, 3),
         GeneralProtection, kernel_data},
        {"absent code", recording_gate(vector, spare, SystemSegmentType::InterruptGate, 3),
         SegmentNotPresent, spare},
    };
    for (const auto& row : rows) {
        set_gate(vector, row.gate);
        expect(group, row.what, run_in_user(address(int_41)), row.vector, row.error_code,
               address(int_41));
    }
    set_gate(vector, recording_gate(vector));
}

void test_call_gates() {
    Group group("call gates");
    const auto to = [](const u8* target, u16 code, unsigned privilege, unsigned parameters = 0) {
        set_descriptor(gate, Gate::make(address(target), code, SystemSegmentType::CallGate,
                                        privilege, parameters));
    };
    to(gate_target, kernel_code, 3);
    group.expect_equal("to CPL 0", run_in_user(address(call_gate)).vector, Trap::none);
    group.expect_equal("inner stack", gate_esp, inner_stack_top() - 16);
    to(gate_target_parameters, kernel_code, 3, 2);
    const Trap trap = run_in_user(address(call_with_parameters));
    group.expect_equal("with parameters", trap.vector, Trap::none);
    group.expect_equal("EIP", gate_words[0], address(user_stop));
    group.expect_equal("CS", gate_words[1], user_code);
    group.expect_equal("last parameter", gate_words[2], 0x22);
    group.expect_equal("first parameter", gate_words[3], 0x11);
    group.expect_equal("ESP", gate_words[4], user_stack_top() - 8);
    group.expect_equal("SS", gate_words[5], user_data);
    group.expect_equal("dropped from both", trap.frame.esp, user_stack_top());
    to(gate_target, kernel_code, 0);
    expect(group, "without privilege", run_in_user(address(call_gate)), GeneralProtection, gate,
           address(call_gate));
    to(gate_target, spare, 3);
    expect(group, "to absent code", run_in_user(address(call_gate)), SegmentNotPresent, spare,
           address(call_gate));
    set_descriptor(spare, SegmentDescriptor::flat_code32(0) | SegmentDescriptor::conforming.mask);
    group.expect_equal("to conforming code", run_in_user(address(call_gate)).vector, Trap::none);
    group.expect_equal("on the same stack", gate_esp, user_stack_top() - 8);
}

/// The segment's base is the first of its functions, so that 20 bits hold the limit.
void test_limits() {
    Group group("limits of code");
    const u32 base = address(limited_jump);
    const u32 last = address(limit_end) - base - 1;
    const u64 flat = SegmentDescriptor::flat_code32(3) & ~SegmentDescriptor::granularity.mask;
    const u64 short_one =
        SegmentDescriptor::limit_high.set(SegmentDescriptor::limit_low.set(flat, last), 0);
    set_descriptor(limited, short_one | SegmentDescriptor::base_low.make(base));
    const auto run_limited = [base](const u8* code) {
        return run_by_iret({address(code) - base, limited | 3U,
                            static_cast<u32>(Rflags::fixed_one.mask), user_stack_top(), user_data});
    };
    expect(group, "jump", run_limited(limited_jump), GeneralProtection, 0, 0);
    expect(group, "loop", run_limited(limited_loop), GeneralProtection, 0,
           address(limited_loop) + 5 - base);
    expect(group, "running into it", run_limited(limited_fall), GeneralProtection, 0, last + 1);
}
}  // namespace

void run_tests() {
    test_interrupt_gates();
    test_bad_gates();
    test_call_gates();
    test_limits();
}

}  // namespace ringfence::system_test
