// SPDX-License-Identifier: MIT
// Interrupt, trap and call gates outside long mode, and what limits mean to branches and stacks.
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "tests/unit/sim/isa/legacy_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment32;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;

constexpr u8 vector_of(ExceptionVector vector) {
    return static_cast<u8>(vector);
}
constexpr u8 invalid_tss = vector_of(ExceptionVector::InvalidTss);
constexpr u8 not_present = vector_of(ExceptionVector::SegmentNotPresent);
constexpr u8 stack_fault = vector_of(ExceptionVector::StackFault);
constexpr u8 general_protection = vector_of(ExceptionVector::GeneralProtection);
constexpr u8 undefined = vector_of(ExceptionVector::InvalidOpcode);

constexpr u8 vector = 0x41;
const std::vector<u8> int_41{0xcd, vector};
const std::vector<u8> ud2{0x0f, 0x0b};
constexpr u32 return_eip = LegacyGuest::code + 2;
constexpr u16 spare = LegacyGuest::free_selector;
constexpr u32 target = LegacyGuest::code + 0x1000;
constexpr u32 idt_bit = 2;

LegacyTrap trap_of(LegacyGuest& guest, bool inner = false) {
    const auto trap = guest.trap(inner);
    EXPECT_TRUE(trap) << "at " << std::hex << guest.cpu.rip;
    return trap.value_or(LegacyTrap{});
}

void run(LegacyGuest& guest, const std::vector<u8>& code, unsigned cpl = 0) {
    guest.load(code);
    ASSERT_EQ(guest.run(cpl), StopReason::Halted);
}

TEST(LegacyGate, keeps_the_stack_without_a_change_of_privilege) {
    LegacyGuest guest;
    guest.cpu.set_rflags(Rflags::interrupt.mask | Rflags::cf.mask);
    run(guest, int_41);
    const LegacyTrap trap = trap_of(guest);
    EXPECT_EQ(trap.vector, vector);
    EXPECT_EQ(trap.eip, return_eip);
    EXPECT_EQ(trap.cs, LegacyGuest::kernel_cs);
    EXPECT_EQ(trap.eflags, Rflags::interrupt.mask | Rflags::cf.mask | Rflags::fixed_one.mask);
    EXPECT_EQ(guest.reg(Gpr::Rsp), LegacyGuest::kernel_stack - 12);
    EXPECT_FALSE(guest.cpu.interrupts_enabled());
}

TEST(LegacyGate, takes_the_inner_stack_of_the_task) {
    LegacyGuest guest;
    run(guest, int_41, 3);
    const LegacyTrap trap = trap_of(guest, true);
    EXPECT_EQ(trap.cs, LegacyGuest::user_cs);
    EXPECT_EQ(trap.esp, LegacyGuest::user_stack);
    EXPECT_EQ(trap.ss, LegacyGuest::user_ss);
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    EXPECT_EQ(guest.selector(SegmentRegister::Ss), LegacyGuest::kernel_ss);
    EXPECT_EQ(guest.reg(Gpr::Rsp), LegacyGuest::inner_stack - 20);
}

TEST(LegacyGate, a_trap_gate_leaves_interrupts_on) {
    LegacyGuest guest;
    guest.set_gate(vector, Gate::make(LegacyGuest::handler(vector), LegacyGuest::kernel_cs,
                                      SystemSegmentType::TrapGate, 0));
    guest.cpu.set_rflags(Rflags::interrupt.mask);
    run(guest, int_41);
    EXPECT_TRUE(guest.cpu.interrupts_enabled());
}

TEST(LegacyGate, of_16_bits_pushes_words_and_takes_16_bits_of_the_offset) {
    LegacyGuest guest;
    guest.set_gate(vector, Gate::make(0xabcd'0000 | LegacyGuest::handler(vector),
                                      LegacyGuest::kernel_cs, SystemSegmentType::TrapGate16, 0));
    run(guest, int_41);
    ASSERT_EQ(guest.cpu.rip, LegacyGuest::handler(vector) + 1);
    const u32 esp = LegacyGuest::kernel_stack - 6;
    EXPECT_EQ(guest.reg(Gpr::Rsp), esp);
    EXPECT_EQ(guest.read<u16>(esp), static_cast<u16>(return_eip));
    EXPECT_EQ(guest.read<u16>(esp + 2), LegacyGuest::kernel_cs);
    EXPECT_EQ(guest.read<u16>(esp + 4), static_cast<u16>(Rflags::fixed_one.mask));
}

TEST(LegacyGate, iret_goes_back_to_the_outer_stack) {
    LegacyGuest guest;
    const std::vector<u8> iret{0xcf};
    guest.load(iret, LegacyGuest::handler(vector));
    std::vector<u8> code = int_41;
    code.insert(code.end(), ud2.begin(), ud2.end());
    run(guest, code, 3);
    const LegacyTrap trap = trap_of(guest, true);
    EXPECT_EQ(trap.vector, undefined);
    EXPECT_EQ(trap.eip, return_eip);
    EXPECT_EQ(trap.cs, LegacyGuest::user_cs);
    EXPECT_EQ(trap.esp, LegacyGuest::user_stack);
}

struct BadGate {
    const char* name;
    u64 gate;
    u8 vector;
    u32 error_code;
};

class LegacyGateTest : public testing::TestWithParam<BadGate> {};

/// INT of user code: errors have no EXT, and come from the instruction itself.
TEST_P(LegacyGateTest, that_is_wrong_is_refused) {
    LegacyGuest guest;
    guest.set_descriptor(spare,
                         SegmentDescriptor::present.set(SegmentDescriptor::flat_code32(0), 0));
    guest.set_gate(vector, GetParam().gate);
    run(guest, int_41, 3);
    const LegacyTrap trap = trap_of(guest, true);
    EXPECT_EQ(trap.vector, GetParam().vector);
    EXPECT_EQ(trap.error_code, GetParam().error_code);
    EXPECT_EQ(trap.eip, LegacyGuest::code);
}

constexpr u64 gate_to(u16 selector, unsigned privilege = 3,
                      SystemSegmentType type = SystemSegmentType::InterruptGate) {
    return Gate::make(LegacyGuest::handler(vector), selector, type, privilege);
}
constexpr u32 gate_error = vector * 8 | idt_bit;

INSTANTIATE_TEST_SUITE_P(
    All, LegacyGateTest,
    testing::Values(BadGate{"privilege", gate_to(LegacyGuest::kernel_cs, 0), general_protection,
                            gate_error},
                    BadGate{"type", gate_to(LegacyGuest::kernel_cs, 3, SystemSegmentType::CallGate),
                            general_protection, gate_error},
                    BadGate{"absent", Gate::present.set(gate_to(LegacyGuest::kernel_cs), 0),
                            not_present, gate_error},
                    BadGate{"null_selector", gate_to(0), general_protection, 0},
                    BadGate{"beyond_the_table", gate_to(LegacyGuest::gdt_end), general_protection,
                            LegacyGuest::gdt_end},
                    BadGate{"data_segment", gate_to(LegacyGuest::kernel_ss), general_protection,
                            LegacyGuest::kernel_ss},
                    BadGate{"absent_code", gate_to(spare), not_present, spare}),
    [](const auto& info) { return info.param.name; });

struct BadStack {
    const char* name;
    u16 selector;
    u8 vector;
    u32 error_code;
};

class InnerStackTest : public testing::TestWithParam<BadStack> {};

/// The handlers of the errors run on the same broken stack, so the machine shuts down; what it
/// found first is pending.
TEST_P(InnerStackTest, that_is_wrong_is_refused) {
    LegacyGuest guest;
    guest.set_descriptor(spare, SegmentDescriptor::present.set(SegmentDescriptor::flat_data(0), 0));
    TaskStateSegment32 task{};
    task.inner_stacks[0] = {.esp = LegacyGuest::inner_stack, .ss = GetParam().selector};
    guest.write(LegacyGuest::tss, task);
    // A conforming code segment keeps the level, so its handler needs no inner stack.
    constexpr u16 conforming = spare + 8;
    guest.set_descriptor(conforming,
                         SegmentDescriptor::flat_code32(0) | SegmentDescriptor::conforming.mask);
    guest.set_gate(GetParam().vector,
                   Gate::make(target, conforming, SystemSegmentType::TrapGate, 0));
    const std::vector<u8> spin{0xeb, 0xfe};
    guest.load(spin, target);
    guest.load(int_41);
    EXPECT_EQ(guest.run(3), StopReason::InstructionLimit);
    EXPECT_EQ(guest.cpu.rip, target);
    EXPECT_EQ(guest.cpu.cpl(), 3U);
    EXPECT_EQ(guest.read<u32>(guest.reg(Gpr::Rsp)), GetParam().error_code);
    EXPECT_EQ(guest.read<u32>(guest.reg(Gpr::Rsp) + 4), LegacyGuest::code);
}

INSTANTIATE_TEST_SUITE_P(All, InnerStackTest,
                         testing::Values(BadStack{"null", 0, invalid_tss, 0},
                                         BadStack{"beyond_the_table", LegacyGuest::gdt_end,
                                                  invalid_tss, LegacyGuest::gdt_end},
                                         BadStack{"privilege", LegacyGuest::user_ss, invalid_tss,
                                                  LegacyGuest::user_ss & ~3U},
                                         BadStack{"code", LegacyGuest::kernel_cs, invalid_tss,
                                                  LegacyGuest::kernel_cs},
                                         BadStack{"absent", spare, stack_fault, spare}),
                         [](const auto& info) { return info.param.name; });

// Call gates --------------------------------------------------------------------------------------

/// CALL FAR selector:0
std::vector<u8> call_far(u16 selector) {
    return {0x9a, 0, 0, 0, 0, static_cast<u8>(selector), static_cast<u8>(selector >> 8)};
}

TEST(LegacyCallGate, copies_parameters_to_the_inner_stack) {
    LegacyGuest guest;
    guest.set_descriptor(
        spare, Gate::make(target, LegacyGuest::kernel_cs, SystemSegmentType::CallGate, 3, 2));
    guest.load({0xf4}, target);
    std::vector<u8> code{0x6a, 0x11, 0x6a, 0x22};  // push $0x11; push $0x22
    const auto call = call_far(spare | 3);
    code.insert(code.end(), call.begin(), call.end());
    run(guest, code, 3);
    EXPECT_EQ(guest.cpu.rip, target + 1);
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    const u32 esp = LegacyGuest::inner_stack - 6 * 4;
    ASSERT_EQ(guest.reg(Gpr::Rsp), esp);
    EXPECT_EQ(guest.read<u32>(esp), LegacyGuest::code + code.size());
    EXPECT_EQ(guest.read<u32>(esp + 4), LegacyGuest::user_cs);
    EXPECT_EQ(guest.read<u32>(esp + 8), 0x22U);
    EXPECT_EQ(guest.read<u32>(esp + 12), 0x11U);
    EXPECT_EQ(guest.read<u32>(esp + 16), LegacyGuest::user_stack - 8);
    EXPECT_EQ(guest.read<u32>(esp + 20), LegacyGuest::user_ss);
}

TEST(LegacyCallGate, far_return_drops_the_parameters_of_both_stacks) {
    LegacyGuest guest;
    guest.set_descriptor(
        spare, Gate::make(target, LegacyGuest::kernel_cs, SystemSegmentType::CallGate, 3, 1));
    guest.load({0xca, 4, 0}, target);  // lret $4
    std::vector<u8> code{0x6a, 0x11};
    const auto call = call_far(spare | 3);
    code.insert(code.end(), call.begin(), call.end());
    code.insert(code.end(), ud2.begin(), ud2.end());
    run(guest, code, 3);
    const LegacyTrap trap = trap_of(guest, true);
    EXPECT_EQ(trap.vector, undefined);
    EXPECT_EQ(trap.cs, LegacyGuest::user_cs);
    EXPECT_EQ(trap.esp, LegacyGuest::user_stack);
}

TEST(LegacyCallGate, of_16_bits_pushes_words) {
    LegacyGuest guest;
    guest.set_descriptor(
        spare, Gate::make(0x5000, LegacyGuest::kernel_cs, SystemSegmentType::CallGate16, 0));
    guest.load({0xf4}, 0x5000);
    run(guest, call_far(spare));
    EXPECT_EQ(guest.cpu.rip, 0x5001U);
    EXPECT_EQ(guest.reg(Gpr::Rsp), LegacyGuest::kernel_stack - 4);
    EXPECT_EQ(guest.read<u16>(LegacyGuest::kernel_stack - 2), LegacyGuest::kernel_cs);
}

TEST(LegacyCallGate, needs_privilege_by_its_own_dpl_and_the_selectors_rpl) {
    for (const bool by_rpl : {false, true}) {
        LegacyGuest guest;
        guest.set_descriptor(spare, Gate::make(target, LegacyGuest::kernel_cs,
                                               SystemSegmentType::CallGate, by_rpl ? 2 : 0));
        run(guest, call_far(spare | 3), by_rpl ? 0 : 3);
        const LegacyTrap trap = trap_of(guest, !by_rpl);
        EXPECT_EQ(trap.vector, general_protection);
        EXPECT_EQ(trap.error_code, spare);
    }
}

// Limits ------------------------------------------------------------------------------------------

/// A code segment at address 0 that ends behind the first 16 bytes of the program.
constexpr u64 short_code() {
    constexpr u32 last = LegacyGuest::code + 15;
    return SegmentDescriptor::limit_low.make(last) |
           SegmentDescriptor::limit_high.make(last >> 16) | SegmentDescriptor::present.mask |
           SegmentDescriptor::code_or_data.mask | SegmentDescriptor::code.mask |
           SegmentDescriptor::readable.mask | SegmentDescriptor::accessed.mask |
           SegmentDescriptor::default_big.mask;
}

struct LimitCase {
    const char* name;
    std::vector<u8> code;
    u32 faulting;  ///< offset of the instruction that faults
};

class CodeLimit : public testing::TestWithParam<LimitCase> {};

TEST_P(CodeLimit, is_held_against_branches_and_fetches) {
    LegacyGuest guest;
    guest.set_descriptor(LegacyGuest::kernel_cs, short_code());
    constexpr u16 flat = spare;
    guest.set_descriptor(flat, SegmentDescriptor::flat_code32(0));
    guest.set_gate(general_protection, Gate::make(LegacyGuest::handler(general_protection), flat,
                                                  SystemSegmentType::InterruptGate, 0));
    guest.cpu.gpr[Gpr::Rcx] = 2;
    guest.cpu.gpr[Gpr::Rax] = LegacyGuest::code + 0x20;
    run(guest, GetParam().code);
    const LegacyTrap trap = trap_of(guest);
    EXPECT_EQ(trap.vector, general_protection);
    EXPECT_EQ(trap.error_code, 0U);
    EXPECT_EQ(trap.eip, LegacyGuest::code + GetParam().faulting);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 2U);
    EXPECT_EQ(guest.reg(Gpr::Rsp), LegacyGuest::kernel_stack - 16) << "nothing else was pushed";
}

INSTANTIATE_TEST_SUITE_P(
    All, CodeLimit,
    testing::Values(LimitCase{"jump", {0x90, 0xeb, 0x20}, 1},
                    LimitCase{"conditional_jump", {0x39, 0xc0, 0x74, 0x20}, 2},
                    LimitCase{"call", {0x90, 0xe8, 0x20, 0, 0, 0}, 1},
                    LimitCase{"indirect_jump", {0xff, 0xe0}, 0},
                    LimitCase{"indirect_call", {0xff, 0xd0}, 0}, LimitCase{"loop", {0xe2, 0x20}, 0},
                    LimitCase{"instruction_across_the_end",
                              {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                               0x90, 0x90, 0x90, 0xb8, 0, 0, 0, 0},
                              14},
                    LimitCase{"fall_through",
                              {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                               0x90, 0x90, 0x90, 0x90, 0x90, 0x90},
                              16}),
    [](const auto& info) { return info.param.name; });

TEST(CodeLimit, does_not_concern_branches_that_are_not_taken) {
    LegacyGuest guest;
    guest.set_descriptor(LegacyGuest::kernel_cs, short_code());
    run(guest, {0x39, 0xc0, 0x75, 0x20, 0xf4});  // cmp %eax,%eax; jnz; hlt
    EXPECT_EQ(guest.cpu.rip, LegacyGuest::code + 5);
}

/// The same offset under another base of CS is other code.
TEST(CodeBase, tells_blocks_apart) {
    LegacyGuest guest;
    const auto based = [](u32 base) {
        return SegmentDescriptor::flat_code32(0) | SegmentDescriptor::base_low.make(base);
    };
    constexpr u16 first = spare;
    constexpr u16 second = spare + 8;
    guest.set_descriptor(first, based(0x1'0000));
    guest.set_descriptor(second, based(0x2'0000));
    // At offset 0x100: jump through EAX to offset 0x200, which differs, then on to the second.
    for (const u32 base : {0x1'0000U, 0x2'0000U}) {
        guest.load({0xb8, 0, 2, 0, 0, 0xff, 0xe0}, base + 0x100);  // mov $0x200, %eax; jmp *%eax
    }
    guest.load({0x43, 0xea, 0, 1, 0, 0, second, 0}, 0x1'0200);  // inc %ebx; ljmp second:0x100
    guest.load({0x83, 0xc3, 16, 0xf4}, 0x2'0200);               // add $16, %ebx; hlt
    guest.load({0xea, 0, 1, 0, 0, first, 0});                   // ljmp first:0x100
    guest.cpu.gpr[Gpr::Rbx] = 0;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 17U);
}

struct StackCase {
    const char* name;
    std::vector<u8> code;
};

class StackLimit : public testing::TestWithParam<StackCase> {};

/// An expand-down stack segment that has nothing below the first page.
TEST_P(StackLimit, is_held_against_pushes_and_pops) {
    LegacyGuest guest;
    const u64 downwards = SegmentDescriptor::granularity.mask | SegmentDescriptor::present.mask |
                          SegmentDescriptor::code_or_data.mask | SegmentDescriptor::writable.mask |
                          SegmentDescriptor::expand_down.mask | SegmentDescriptor::accessed.mask |
                          SegmentDescriptor::default_big.mask |
                          SegmentDescriptor::limit_low.make(LegacyGuest::kernel_stack / 4096 - 1);
    guest.set_descriptor(LegacyGuest::user_ss, downwards | SegmentDescriptor::dpl.make(3));
    guest.load(GetParam().code);
    guest.cpu.gpr[Gpr::Rbp] = 0x100;
    guest.load({0xbc, 0, 0, 4, 0}, LegacyGuest::code - 5);  // mov $kernel_stack, %esp
    EXPECT_EQ(guest.run(3, LegacyGuest::code - 5), StopReason::Halted);
    const LegacyTrap trap = trap_of(guest, true);
    EXPECT_EQ(trap.vector, stack_fault);
    EXPECT_EQ(trap.error_code, 0U);
    EXPECT_EQ(trap.eip, LegacyGuest::code);
    EXPECT_EQ(trap.esp, LegacyGuest::kernel_stack);
}

INSTANTIATE_TEST_SUITE_P(All, StackLimit,
                         testing::Values(StackCase{"push", {0x50}}, StackCase{"pusha", {0x60}},
                                         StackCase{"call", {0xe8, 0, 0, 0, 0}},
                                         StackCase{"enter", {0xc8, 0, 0, 0}},
                                         StackCase{"leave", {0xc9}}, StackCase{"pushf", {0x9c}}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ringfence::sim
