// SPDX-License-Identifier: MIT
// Exceptions, interrupts, and the instructions that come and go between privilege levels.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "arch/x86/debug_registers.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/msr.h"
#include "arch/x86/rflags.h"
#include "tests/unit/sim/cpu/guest.h"
#include "tests/unit/sim/cpu/programs.h"

namespace ringfence::sim {
namespace {

using arch::x86::Cr4;
using arch::x86::McgStatus;
using arch::x86::Rflags;
using cpu::Gpr;
using cpu::StopReason;

constexpr u8 divide_error = 0;
constexpr u8 debug = 1;
constexpr u8 nmi = 2;
constexpr u8 breakpoint = 3;
constexpr u8 invalid_opcode = 6;
constexpr u8 double_fault = 8;
constexpr u8 not_present = 11;
constexpr u8 stack_fault = 12;
constexpr u8 general_protection = 13;
constexpr u8 page_fault = 14;
constexpr u8 alignment_check = 17;
constexpr u8 machine_check = 18;
constexpr u64 non_canonical = 0x8000'0000'0000'0000;

Trap trap_of(Guest& guest) {
    const auto trap = guest.trap();
    EXPECT_TRUE(trap);
    return trap.value_or(Trap{});
}

TEST(EventDelivery, a_fault_saves_the_faulting_instruction) {
    Guest guest;
    guest.load(programs::divide_by_zero());
    guest.start(Guest::code, 3);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    const Trap trap = trap_of(guest);
    EXPECT_EQ(trap.vector, divide_error);
    EXPECT_EQ(trap.rip, Guest::code + programs::divide_by_zero().size() - 3);
    EXPECT_EQ(trap.cs, Guest::user_cs);
    EXPECT_EQ(trap.rsp, Guest::user_stack);
    EXPECT_TRUE(Rflags::rf.test(trap.rflags));
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    EXPECT_EQ(guest.reg(Gpr::Rsp), Guest::kernel_stack - 5 * 8);
    EXPECT_EQ(guest.retired(), 3 + 1U);
}

TEST(EventDelivery, a_breakpoint_saves_the_next_instruction) {
    Guest guest;
    guest.load(programs::int3());
    guest.start(Guest::code, 3);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, breakpoint);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 1);
}

TEST(EventDelivery, uses_the_interrupt_stack_table) {
    Guest guest;
    guest.use_ist(divide_error, 1);
    guest.load(programs::divide_by_zero());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).rsp, Guest::kernel_stack);
    EXPECT_EQ(guest.reg(Gpr::Rsp), Guest::ist_stack - 5 * 8);
}

// Its stack is always the same one, so this goes on for ever, and nothing retires. Whoever runs the
// machine gets it back, to look whether anybody wants it to stop.
TEST(EventDelivery, a_handler_that_faults_for_ever_does_not_keep_the_run) {
    Guest guest;
    constexpr u8 ud2[] = {0x0f, 0x0b};
    constexpr u64 handler = Guest::handlers + invalid_opcode * 16;
    guest.use_ist(invalid_opcode, 1);
    guest.load(ud2, handler);
    guest.load(ud2);
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::NoProgress);
    EXPECT_EQ(guest.retired(), 0U);
    EXPECT_EQ(guest.cpu.rip, handler);
}

TEST(EventDelivery, a_page_fault_on_the_kernel_stack_becomes_a_double_fault) {
    Guest guest;
    guest.use_ist(double_fault, 1);
    guest.load(programs::push_rax());
    guest.start(Guest::code, 0);
    guest.unmap(Guest::kernel_stack_page);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, double_fault);
    EXPECT_EQ(trap_of(guest).error_code, 0U);
    EXPECT_EQ(trap_of(guest).rip, Guest::code);
    EXPECT_EQ(trap_of(guest).rsp, Guest::kernel_stack);
    EXPECT_EQ(guest.cpu.cr2, Guest::kernel_stack - 6 * 8);
}

TEST(EventDelivery, a_double_fault_that_cannot_be_delivered_shuts_down) {
    Guest guest;
    guest.load(programs::push_rax());
    guest.start(Guest::code, 0);
    guest.unmap(Guest::kernel_stack_page);
    EXPECT_EQ(guest.run(), StopReason::TripleFault);
}

TEST(EventDelivery, the_shadow_of_sti_covers_one_instruction) {
    Guest guest;
    guest.load(programs::sti_shadow());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, Guest::device_vector);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 1U);
    EXPECT_EQ(guest.acknowledged, 1U);
    EXPECT_FALSE(guest.cpu.interrupts_enabled());
}

TEST(EventDelivery, the_shadow_of_sti_survives_a_stop_of_the_run) {
    Guest guest;
    guest.load(programs::sti_shadow());
    guest.start(Guest::code, 0);
    while (guest.run(1) != StopReason::Halted) {
    }
    EXPECT_EQ(guest.reg(Gpr::Rbx), 1U);
}

TEST(EventDelivery, sti_hlt_does_not_lose_the_interrupt) {
    Guest guest;
    guest.load(programs::sti_hlt());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, Guest::device_vector);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + programs::sti_hlt().size());
}

TEST(EventDelivery, the_trap_flag_steps_once) {
    Guest guest;
    guest.load(programs::increments());
    guest.start(Guest::code, 3);
    guest.cpu.set_rflags(Rflags::tf.mask);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, debug);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 3);
    EXPECT_TRUE(Rflags::tf.test(trap_of(guest).rflags));
    EXPECT_TRUE(arch::x86::Dr6::bs.test(guest.cpu.dr6));
    EXPECT_EQ(guest.reg(Gpr::Rax), 1U);
}

class BranchSteps : public testing::Test {
protected:
    /// nop; jmp +1; (a byte in between); nop; jz (not taken); nop; hlt
    static constexpr u8 program[] = {0x90, 0xeb, 0x01, 0xcc, 0x90, 0x74, 0x00, 0x90, 0xf4};
    static constexpr u64 branch_trap = arch::x86::DebugControl::branch_trap.mask;

    void start_at(u64 offset) {
        guest.load(program);
        guest.start(Guest::code + offset, 0);
        guest.cpu.set_rflags(Rflags::tf.mask);
        guest.cpu.msr.debug_control = branch_trap;
        ASSERT_EQ(guest.run(), StopReason::Halted);
    }
    Guest guest;
};

TEST_F(BranchSteps, trap_behind_a_branch_and_not_before) {
    start_at(0);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(trap_of(guest).vector, debug);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 4);
    EXPECT_TRUE(arch::x86::Dr6::bs.test(guest.cpu.dr6));
}

TEST_F(BranchSteps, end_with_the_trap) {
    start_at(0);
    EXPECT_EQ(guest.cpu.msr.debug_control & branch_trap, 0U) << "the handler asks for them anew";
}

TEST_F(BranchSteps, pass_over_branches_that_are_not_taken) {
    start_at(4);
    EXPECT_FALSE(guest.trap());
    EXPECT_EQ(guest.cpu.msr.debug_control, branch_trap);
}

/// What stands between an exception and its handler: #NP or #PF.
enum class Obstacle : u8 { AbsentGate, NoStack };
struct Pair {
    const char* name;
    u8 first;
    std::vector<u8> code;  ///< an instruction that raises it: RAX is no selector, RBX no address
    Obstacle second;
    u8 delivered;
};
const std::vector<u8> ud2{0x0f, 0x0b};
const std::vector<u8> div_ecx{0xf7, 0xf1};
const std::vector<u8> mov_ds_eax{0x8e, 0xd8};
const std::vector<u8> mov_al_rbx{0x8a, 0x03};

class Pairs : public testing::TestWithParam<Pair> {
protected:
    Pairs() {
        constexpr u64 unmapped = 0x1f'0000;
        guest.unmap(unmapped);
        guest.unmap(Guest::ist_stack - 8);
        guest.reg(Gpr::Rax) = 0xfff8;
        guest.reg(Gpr::Rbx) = unmapped;
        guest.load(GetParam().code);
        guest.start(Guest::code, 0);
    }
    void put(u8 vector, Obstacle obstacle) {
        if (obstacle == Obstacle::NoStack) {
            guest.use_ist(vector, 1);
            return;
        }
        const u64 flags = Guest::idt + vector * sizeof(arch::x86::IdtGate64) + 4;
        constexpr u16 present = 1U << 15U;
        guest.write(flags, static_cast<u16>(guest.read<u16>(flags) & ~present));
    }
    Guest guest;
};

/// [intel/vol3]: 6.15, table 6-5
TEST_P(Pairs, follow_each_other_or_are_one_double_fault) {
    const Pair& pair = GetParam();
    put(pair.first, pair.second);
    ASSERT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, pair.delivered);
    EXPECT_EQ(trap_of(guest).rip, Guest::code) << "the first one's instruction";
}

/// With a double fault whose way is barred, too, there is no more. [intel/vol3]: 6.15, vector 8
TEST_P(Pairs, shut_down_if_the_double_fault_fails_too) {
    const Pair& pair = GetParam();
    put(pair.first, pair.second);
    put(double_fault, pair.second);
    EXPECT_EQ(guest.run(),
              pair.delivered == double_fault ? StopReason::TripleFault : StopReason::Halted);
}

INSTANTIATE_TEST_SUITE_P(
    EventDelivery, Pairs,
    testing::Values(Pair{"ud_np", invalid_opcode, ud2, Obstacle::AbsentGate, not_present},
                    Pair{"ud_pf", invalid_opcode, ud2, Obstacle::NoStack, page_fault},
                    Pair{"de_np", divide_error, div_ecx, Obstacle::AbsentGate, double_fault},
                    Pair{"de_pf", divide_error, div_ecx, Obstacle::NoStack, page_fault},
                    Pair{"gp_np", general_protection, mov_ds_eax, Obstacle::AbsentGate,
                         double_fault},
                    Pair{"gp_pf", general_protection, mov_ds_eax, Obstacle::NoStack, page_fault},
                    Pair{"pf_np", page_fault, mov_al_rbx, Obstacle::AbsentGate, double_fault},
                    Pair{"pf_pf", page_fault, mov_al_rbx, Obstacle::NoStack, double_fault}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(EventDelivery, a_non_canonical_stack_is_a_stack_fault) {
    Guest guest;
    guest.load(programs::push_rax());
    guest.start(Guest::code, 3);
    guest.reg(Gpr::Rsp) = non_canonical;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, stack_fault);
    EXPECT_EQ(trap_of(guest).error_code, 0U);
    EXPECT_EQ(trap_of(guest).rsp, non_canonical);
}

TEST(EventDelivery, user_mode_may_not_touch_the_interrupt_flag) {
    Guest guest;
    guest.load(programs::clear_interrupts());
    guest.start(Guest::code, 3);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, general_protection);
    EXPECT_EQ(trap_of(guest).error_code, 0U);
    EXPECT_EQ(trap_of(guest).rip, Guest::code);
}

// An error that the hardware has corrected.

class MachineCheck : public testing::Test {
protected:
    MachineCheck() {
        guest.load(programs::increments());
        guest.start(Guest::code, 3);
        EXPECT_TRUE(guest.cpu.set_cr4(guest.cpu.cr4() | Cr4::mce.mask));
        EXPECT_EQ(guest.run(2), StopReason::InstructionLimit);
        guest.pins.machine_check = true;
    }
    Guest guest{{.features = {arch::x86::cpuid_feature::mce, arch::x86::cpuid_feature::mca}}};
};

TEST_F(MachineCheck, comes_with_interrupts_off_and_says_that_the_program_may_go_on) {
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, machine_check);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 2 * 3);
    EXPECT_FALSE(Rflags::rf.test(trap_of(guest).rflags));
    EXPECT_EQ(guest.cpu.msr.mcg_status, McgStatus::ripv.mask | McgStatus::mcip.mask);
    EXPECT_FALSE(guest.pins.machine_check);
    EXPECT_EQ(guest.counters().exceptions[machine_check], 1U);
}

TEST_F(MachineCheck, is_kept_out_by_no_shadow) {
    guest.cpu.interrupt_shadow = true;
    guest.cpu.debug_shadow = true;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, machine_check);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 2 * 3);
}

TEST_F(MachineCheck, goes_before_an_nmi_that_then_interrupts_its_handler) {
    guest.pins.non_maskable_interrupt = true;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, nmi);
    EXPECT_EQ(trap_of(guest).rip, Guest::handlers + machine_check * 16);
}

TEST_F(MachineCheck, shuts_down_a_processor_that_is_not_to_take_any) {
    ASSERT_TRUE(guest.cpu.set_cr4(guest.cpu.cr4() & ~Cr4::mce.mask));
    EXPECT_EQ(guest.run(), StopReason::TripleFault);
}

TEST_F(MachineCheck, shuts_down_while_another_is_handled) {
    guest.cpu.msr.mcg_status = McgStatus::mcip.mask;
    EXPECT_EQ(guest.run(), StopReason::TripleFault);
}

class Misaligned : public testing::TestWithParam<std::span<const u8>> {};

TEST_P(Misaligned, operands_raise_an_alignment_check_when_user_code_asks_for_it) {
    for (const bool asked : {false, true}) {
        Guest guest;
        guest.load(GetParam());
        ASSERT_TRUE(guest.cpu.set_cr0(guest.cpu.cr0() | arch::x86::Cr0::am.mask));
        guest.start(Guest::code, 3);
        guest.cpu.set_rflags(asked ? Rflags::ac.mask : 0);
        guest.reg(Gpr::Rsp) = Guest::user_stack - 4;
        guest.reg(Gpr::Rsi) = Guest::data + 1;
        EXPECT_EQ(guest.run(), StopReason::Halted);
        EXPECT_EQ(trap_of(guest).vector, asked ? alignment_check : general_protection);
        EXPECT_EQ(trap_of(guest).error_code, 0U);
        EXPECT_EQ(trap_of(guest).rip == Guest::code, asked) << "else the HLT behind faults";
    }
}

INSTANTIATE_TEST_SUITE_P(EventDelivery, Misaligned,
                         testing::Values(programs::push_rax(), programs::load_word()));

TEST(EventDelivery, an_alignment_check_spares_what_is_aligned_or_not_accessed) {
    Guest guest;
    guest.load(programs::aligned_accesses());
    ASSERT_TRUE(guest.cpu.set_cr0(guest.cpu.cr0() | arch::x86::Cr0::am.mask));
    guest.start(Guest::code, 3);
    guest.cpu.set_rflags(Rflags::ac.mask);
    guest.reg(Gpr::Rsi) = Guest::data + 1;
    guest.reg(Gpr::Rdi) = Guest::data + 1;
    guest.reg(Gpr::Rcx) = 0;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, general_protection);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + programs::aligned_accesses().size() - 1);
}

struct Encoding {
    const char* name;
    std::span<const u8> bytes;
    u8 vector;
};

class BadEncoding : public testing::TestWithParam<Encoding> {};

TEST_P(BadEncoding, raises_its_exception_unreported) {
    Guest guest;
    guest.load(GetParam().bytes);
    guest.start(Guest::code, 3);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, GetParam().vector);
    EXPECT_EQ(trap_of(guest).rip, Guest::code);
    EXPECT_TRUE(guest.unimplemented.empty());
}

INSTANTIATE_TEST_SUITE_P(
    EventDelivery, BadEncoding,
    testing::Values(Encoding{"undefined", programs::undefined(), invalid_opcode},
                    Encoding{"too_long", programs::too_long(), general_protection},
                    Encoding{"lock_without_memory_change", programs::lock_mov(), invalid_opcode},
                    Encoding{"hidden_feature", programs::hidden_feature(), invalid_opcode}),
    [](const auto& info) { return info.param.name; });

TEST(Iret, goes_to_user_mode) {
    Guest guest;
    guest.load(programs::iret_to_user());
    guest.load(programs::int3(), Guest::code + 0x800);
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rbx) = Guest::code + 0x800;
    guest.reg(Gpr::Rbp) = Guest::user_stack - 0x100;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, breakpoint);
    EXPECT_EQ(trap_of(guest).cs, Guest::user_cs);
    EXPECT_EQ(trap_of(guest).rsp, Guest::user_stack - 0x100);
    EXPECT_TRUE(Rflags::interrupt.test(trap_of(guest).rflags));
}

/// An IRET of user code may not read a frame that user code could not read.
TEST(Iret, reads_its_frame_with_the_rights_of_the_code_that_executes_it) {
    Guest guest;
    guest.load(programs::iret());
    guest.start(Guest::code, 3);
    guest.make_supervisor(Guest::data);
    guest.reg(Gpr::Rsp) = Guest::data;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, page_fault);
    EXPECT_EQ(trap_of(guest).error_code, 5U);
    EXPECT_EQ(guest.cpu.cr2, Guest::data);
}

TEST(SystemCall, goes_to_the_entry_and_back) {
    Guest guest;
    constexpr u64 entry = Guest::code + 0x1000;
    guest.load(programs::system_call());
    guest.load(programs::system_call_entry(), entry);
    guest.cpu.msr.lstar = entry;
    // SYSRET loads CS = base + 16 and SS = base + 8.
    guest.cpu.msr.star = (u64{Guest::kernel_cs} << 32) | (u64{Guest::user_ss - 8} << 48);
    guest.cpu.msr.fmask = Rflags::interrupt.mask;
    guest.start(Guest::code, 3);
    guest.cpu.set_rflags(Rflags::interrupt.mask);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    // HLT at CPL 3 faults: by then the call has come back.
    EXPECT_EQ(trap_of(guest).vector, general_protection);
    EXPECT_EQ(trap_of(guest).rip, Guest::code + 7);
    EXPECT_EQ(trap_of(guest).cs, Guest::user_cs);
    EXPECT_EQ(guest.reg(Gpr::Rax), 2U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), Guest::code + 7);
    EXPECT_TRUE(Rflags::interrupt.test(trap_of(guest).rflags));
}

TEST(SystemCall, is_one_step_for_the_trap_flag) {
    Guest guest;
    constexpr u64 entry = Guest::code + 0x1000;
    constexpr u64 after_syscall = Guest::code + 7;
    guest.load(programs::system_call());
    guest.load(programs::system_call_entry(), entry);
    guest.cpu.msr.lstar = entry;
    guest.cpu.msr.star = (u64{Guest::kernel_cs} << 32) | (u64{Guest::user_ss - 8} << 48);
    guest.cpu.msr.fmask = Rflags::tf.mask;
    guest.start(after_syscall - 2, 3);
    guest.reg(Gpr::Rax) = 1;
    guest.cpu.set_rflags(Rflags::tf.mask);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap_of(guest).vector, debug);
    EXPECT_EQ(trap_of(guest).rip, after_syscall);
    EXPECT_EQ(trap_of(guest).cs, Guest::user_cs);
    EXPECT_EQ(guest.reg(Gpr::Rax), 2U) << "the entry code ran, unstepped";
}

}  // namespace
}  // namespace ringfence::sim
