// SPDX-License-Identifier: MIT
// Hardware task switches. [intel/vol3]: 8.3
#include "arch/x86/debug_registers.h"
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "tests/unit/sim/isa/legacy_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Cr0;
using arch::x86::Dr6;
using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment16;
using arch::x86::TaskStateSegment32;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;

constexpr u8 debug = 1;
constexpr u8 undefined = 6;
constexpr u8 invalid_tss = 10;
constexpr u8 not_present = 11;
constexpr u8 stack_fault = 12;
constexpr u8 general_protection = 13;

constexpr u16 task = LegacyGuest::free_selector;
constexpr u16 task_gate = task + 8;
constexpr u16 spare = task + 16;
constexpr u16 ldt = task + 24;
constexpr u32 new_tss = 0x8000;
constexpr u32 new_code = LegacyGuest::code + 0x1000;
constexpr u32 new_stack = 0x6'0000;
constexpr u8 vector = 0x41;
constexpr unsigned busy_bit = 41;

const std::vector<u8> ud2{0x0f, 0x0b};
constexpr u32 after_far_transfer = LegacyGuest::code + 7;

std::vector<u8> far_transfer(u8 opcode, u16 selector) {
    // The offset is ignored.
    return {
        opcode, 0xf4, 0xf4, 0xf4, 0xf4, static_cast<u8>(selector), static_cast<u8>(selector >> 8)};
}
std::vector<u8> jump_to(u16 selector) {
    return far_transfer(0xea, selector);
}
std::vector<u8> call_to(u16 selector) {
    return far_transfer(0x9a, selector);
}
std::vector<u8> then(std::vector<u8> first, const std::vector<u8>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// The state of a task at CPL 0 whose registers tell who they are.
TaskStateSegment32 kernel_task() {
    TaskStateSegment32 state{};
    state.eip = new_code;
    state.eflags = static_cast<u32>(Rflags::fixed_one.mask | Rflags::zf.mask);
    for (u32 i = 0; i < 8; ++i) {
        state.registers[i] = 0x1000 + i;
    }
    state.registers[static_cast<u8>(Gpr::Rsp)] = new_stack;
    for (u32& selector : state.segments) {
        selector = LegacyGuest::kernel_ss;
    }
    state.segments[static_cast<u8>(SegmentRegister::Cs)] = LegacyGuest::kernel_cs;
    state.segments[static_cast<u8>(SegmentRegister::Fs)] = 0;
    return state;
}

class TaskSwitchTest : public testing::Test {
protected:
    TaskSwitchTest() {
        guest.set_descriptor(task, available());
        guest.set_descriptor(task_gate, Gate::make(0, task, SystemSegmentType::TaskGate, 0));
        set_state(kernel_task());
        guest.load(ud2, new_code);
    }
    static u64 available() {
        return SegmentDescriptor::tss_low(new_tss, sizeof(TaskStateSegment32) - 1);
    }
    void set_state(const TaskStateSegment32& state) { guest.write(new_tss, state); }
    void run(const std::vector<u8>& code, unsigned cpl = 0) {
        guest.load(code);
        ASSERT_EQ(guest.run(cpl), StopReason::Halted);
    }
    LegacyTrap trap(bool inner = false) {
        const auto found = guest.trap(inner);
        EXPECT_TRUE(found) << "at " << std::hex << guest.cpu.rip;
        return found.value_or(LegacyTrap{});
    }
    bool is_busy(u16 selector) { return (guest.descriptor(selector) & bit<u64>(busy_bit)) != 0; }
    TaskStateSegment32 old_state() { return guest.read<TaskStateSegment32>(LegacyGuest::tss); }
    void expect_refused(u8 expected, u32 error_code) {
        const LegacyTrap found = trap();
        EXPECT_EQ(found.vector, expected);
        EXPECT_EQ(found.error_code, error_code);
        EXPECT_EQ(found.eip, LegacyGuest::code) << "at the instruction, in the old task";
        EXPECT_EQ(guest.cpu.task.selector, LegacyGuest::tss_selector);
        EXPECT_TRUE(is_busy(LegacyGuest::tss_selector));
    }

    LegacyGuest guest;
};

TEST_F(TaskSwitchTest, jump_loads_the_new_task) {
    guest.cpu.set_dr7(0x7ff);
    run(jump_to(task));
    const LegacyTrap found = trap();
    EXPECT_EQ(found.vector, undefined);
    EXPECT_EQ(found.eip, new_code);
    EXPECT_EQ(found.eflags & ~Rflags::rf.mask, Rflags::fixed_one.mask | Rflags::zf.mask);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0x1000U);
    EXPECT_EQ(guest.reg(Gpr::Rdi), 0x1007U);
    EXPECT_EQ(guest.reg(Gpr::Rsp), new_stack - 12);
    EXPECT_EQ(guest.selector(SegmentRegister::Ds), LegacyGuest::kernel_ss);
    EXPECT_FALSE(guest.cpu.segment(SegmentRegister::Fs).usable);
    EXPECT_EQ(guest.cpu.task.selector, task);
    EXPECT_EQ(guest.cpu.task.base, new_tss);
    EXPECT_TRUE(Cr0::ts.test(guest.cpu.cr0()));
    EXPECT_EQ(guest.cpu.dr7(), 0x6aaU) << "local breakpoints are off";
}

TEST_F(TaskSwitchTest, jump_saves_the_old_task_and_passes_the_busy_flag_on) {
    guest.cpu.set_rflags(Rflags::cf.mask);
    guest.cpu.gpr[Gpr::Rbp] = 0x1234'5678;
    run(jump_to(task));
    const TaskStateSegment32 state = old_state();
    EXPECT_EQ(state.eip, after_far_transfer);
    EXPECT_EQ(state.eflags, Rflags::cf.mask | Rflags::fixed_one.mask);
    EXPECT_EQ(state.registers[static_cast<u8>(Gpr::Rbp)], 0x1234'5678U);
    EXPECT_EQ(state.registers[static_cast<u8>(Gpr::Rsp)], LegacyGuest::kernel_stack);
    EXPECT_EQ(state.segments[static_cast<u8>(SegmentRegister::Cs)], LegacyGuest::kernel_cs);
    EXPECT_FALSE(is_busy(LegacyGuest::tss_selector));
    EXPECT_TRUE(is_busy(task));
    EXPECT_EQ(guest.read<u16>(new_tss), 0U) << "no link";
}

TEST_F(TaskSwitchTest, call_links_and_nests) {
    run(call_to(task));
    EXPECT_TRUE(Rflags::nt.test(trap().eflags));
    EXPECT_EQ(guest.read<u16>(new_tss), LegacyGuest::tss_selector);
    EXPECT_TRUE(is_busy(LegacyGuest::tss_selector));
    EXPECT_TRUE(is_busy(task));
}

TEST_F(TaskSwitchTest, iret_goes_back_and_the_task_goes_on_behind_it) {
    guest.load(then({0xcf}, ud2), new_code);  // iret; ud2
    run(then(call_to(task), then(call_to(task), ud2)));
    const LegacyTrap found = trap();
    EXPECT_EQ(found.vector, undefined);
    EXPECT_EQ(found.eip, new_code + 1) << "the second call goes on behind the IRET";
    const auto state = guest.read<TaskStateSegment32>(new_tss);
    EXPECT_EQ(state.eip, new_code + 1);
    EXPECT_FALSE(Rflags::nt.test(state.eflags));
    EXPECT_EQ(old_state().eip, after_far_transfer + 7);
}

TEST_F(TaskSwitchTest, a_gate_in_the_gdt_needs_privilege_and_the_tss_behind_it_none) {
    guest.set_descriptor(task_gate, Gate::make(0, task, SystemSegmentType::TaskGate, 3));
    run(call_to(task_gate | 3), 3);
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(guest.read<u16>(new_tss), LegacyGuest::tss_selector);
}

TEST_F(TaskSwitchTest, an_exception_brings_its_error_code) {
    guest.set_gate(general_protection, Gate::make(0, task, SystemSegmentType::TaskGate, 0));
    guest.load({0xf4}, new_code);
    run({0x6a, 0x40, 0x1f});  // push $0x40; pop %ds: a null descriptor
    EXPECT_EQ(guest.cpu.rip, new_code + 1);
    EXPECT_EQ(guest.reg(Gpr::Rsp), new_stack - 4);
    EXPECT_EQ(guest.read<u32>(new_stack - 4), 0x40U);
    EXPECT_EQ(old_state().eip, LegacyGuest::code + 2);
    EXPECT_TRUE(Rflags::rf.test(old_state().eflags)) << "a fault";
    EXPECT_TRUE(Rflags::nt.test(guest.cpu.rflags()));
}

TEST_F(TaskSwitchTest, an_interrupt_without_error_code_leaves_the_new_stack_alone) {
    guest.set_gate(vector, Gate::make(0, task, SystemSegmentType::TaskGate, 3));
    guest.load({0xf4}, new_code);
    run({0xcd, vector}, 3);
    EXPECT_EQ(guest.reg(Gpr::Rsp), new_stack);
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    EXPECT_EQ(old_state().eip, LegacyGuest::code + 2);
}

TEST_F(TaskSwitchTest, of_16_bits_takes_the_low_halves) {
    TaskStateSegment16 state{};
    state.ip = 0x5000;
    state.flags = static_cast<u16>(Rflags::fixed_one.mask);
    state.registers[0] = 0x4321;
    state.registers[static_cast<u8>(Gpr::Rsp)] = 0x7000;
    state.segments[0] = state.segments[2] = state.segments[3] = LegacyGuest::kernel_ss;
    state.segments[1] = LegacyGuest::kernel_cs;
    guest.write(new_tss, state);
    const u64 type_field = SegmentDescriptor::type.mask;
    guest.set_descriptor(
        task,
        (SegmentDescriptor::tss_low(new_tss, sizeof(state) - 1) & ~type_field) |
            SegmentDescriptor::type.make(static_cast<u64>(SystemSegmentType::Tss16Available)));
    guest.load({0x40, 0xea, 0, 0, 0, 0, LegacyGuest::tss_selector, 0}, 0x5000);  // inc %eax; ljmp
    run(then(jump_to(task), ud2));
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(trap().eip, after_far_transfer);
    const auto saved = guest.read<TaskStateSegment16>(new_tss);
    EXPECT_EQ(saved.registers[0], 0x4322U);
    EXPECT_EQ(saved.ip, 0x5008U);
    EXPECT_EQ(saved.ldt, 0U);
}

TEST_F(TaskSwitchTest, the_debug_flag_traps_before_the_first_instruction) {
    TaskStateSegment32 state = kernel_task();
    state.debug_trap = 1;
    set_state(state);
    run(jump_to(task));
    EXPECT_EQ(trap().vector, debug);
    EXPECT_EQ(trap().eip, new_code);
    EXPECT_TRUE(Dr6::bt.test(guest.cpu.dr6));
    EXPECT_FALSE(Dr6::bs.test(guest.cpu.dr6));
}

TEST_F(TaskSwitchTest, with_paging_off_cr3_stays) {
    TaskStateSegment32 state = kernel_task();
    state.cr3 = 0x9000;
    set_state(state);
    run(jump_to(task));
    EXPECT_EQ(guest.cpu.cr3(), 0U);
}

TEST_F(TaskSwitchTest, with_paging_on_cr3_is_the_tasks) {
    constexpr u32 directories[] = {0x20'0000, 0x20'1000};
    for (const u32 directory : directories) {
        guest.write<u32>(directory, 0x83);  // 4 MiB, one to one
    }
    ASSERT_TRUE(guest.cpu.set_cr4(arch::x86::Cr4::pse.mask));
    ASSERT_TRUE(guest.cpu.set_cr3(directories[0]));
    ASSERT_TRUE(guest.cpu.set_cr0(guest.cpu.cr0() | Cr0::pg.mask));
    TaskStateSegment32 state = kernel_task();
    state.cr3 = directories[1];
    set_state(state);
    run(jump_to(task));
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(guest.cpu.cr3(), directories[1]);
}

// Refusals in the old task ------------------------------------------------------------------------

TEST_F(TaskSwitchTest, is_refused_if_the_task_is_busy) {
    guest.set_descriptor(task, available() | bit<u64>(busy_bit));
    run(jump_to(task_gate));
    expect_refused(general_protection, task);
}

TEST_F(TaskSwitchTest, is_refused_if_the_task_is_absent) {
    guest.set_descriptor(task, SegmentDescriptor::present.set(available(), 0));
    run(jump_to(task));
    expect_refused(not_present, task);
}

TEST_F(TaskSwitchTest, is_refused_if_the_tss_is_too_short) {
    guest.set_descriptor(task, SegmentDescriptor::tss_low(new_tss, 0x66));
    run(jump_to(task));
    expect_refused(invalid_tss, task);
}

TEST_F(TaskSwitchTest, is_refused_without_privilege) {
    run(jump_to(task | 3), 3);
    const LegacyTrap found = trap(true);
    EXPECT_EQ(found.vector, general_protection);
    EXPECT_EQ(found.error_code, task);
}

TEST_F(TaskSwitchTest, is_refused_if_the_gate_names_the_ldt_or_nothing) {
    for (const u16 selector : {static_cast<u16>(task | 4), LegacyGuest::gdt_end}) {
        guest.set_descriptor(task_gate, Gate::make(0, selector, SystemSegmentType::TaskGate, 0));
        run(jump_to(task_gate));
        expect_refused(general_protection, selector);
    }
}

TEST_F(TaskSwitchTest, iret_is_refused_if_the_link_names_no_busy_task) {
    guest.write<u16>(LegacyGuest::tss, task);
    guest.cpu.set_rflags(Rflags::nt.mask);
    run({0xcf});
    expect_refused(invalid_tss, task);
}

TEST_F(TaskSwitchTest, an_event_sets_the_external_bit) {
    guest.set_gate(undefined, Gate::make(0, task, SystemSegmentType::TaskGate, 0));
    guest.set_descriptor(task, SegmentDescriptor::present.set(available(), 0));
    run(ud2);
    expect_refused(not_present, task | 1);
}

// Refusals in the new task ------------------------------------------------------------------------

struct BadSegment {
    const char* name;
    SegmentRegister which;
    u16 selector;
    u8 vector;
    u32 error_code;
};

class BadTaskTest : public TaskSwitchTest, public testing::WithParamInterface<BadSegment> {};

/// The handler is a task of its own, as the manual asks for: it sees what the new task was left
/// with.
TEST_P(BadTaskTest, its_errors_are_the_new_tasks) {
    constexpr u16 handler_task = 0x60;
    constexpr u32 handler_tss = 0x9000;
    constexpr u32 handler_code = new_code + 0x100;
    constexpr u32 handler_stack = 0x7'0000;
    TaskStateSegment32 handler = kernel_task();
    handler.eip = handler_code;
    handler.registers[static_cast<u8>(Gpr::Rsp)] = handler_stack;
    guest.write(handler_tss, handler);
    guest.load({0xf4}, handler_code);
    guest.set_descriptor(handler_task,
                         SegmentDescriptor::tss_low(handler_tss, sizeof(handler) - 1));
    guest.set_gate(GetParam().vector, Gate::make(0, handler_task, SystemSegmentType::TaskGate, 0));
    guest.set_descriptor(spare, SegmentDescriptor::present.set(SegmentDescriptor::flat_data(0), 0));

    TaskStateSegment32 state = kernel_task();
    state.segments[static_cast<u8>(GetParam().which)] = GetParam().selector;
    set_state(state);
    run(jump_to(task));
    EXPECT_EQ(guest.cpu.rip, handler_code + 1);
    EXPECT_EQ(guest.read<u32>(handler_stack - 4), GetParam().error_code);
    EXPECT_EQ(guest.read<u16>(handler_tss), task) << "the new task was running";
    const auto left = guest.read<TaskStateSegment32>(new_tss);
    EXPECT_EQ(left.eip, new_code);
    EXPECT_EQ(left.segments[static_cast<u8>(GetParam().which)], GetParam().selector);
    EXPECT_EQ(left.registers[static_cast<u8>(Gpr::Rsp)], new_stack);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTaskTest,
    testing::Values(BadSegment{"code_is_null", SegmentRegister::Cs, 0, invalid_tss, 0},
                    BadSegment{"code_is_data", SegmentRegister::Cs, LegacyGuest::kernel_ss,
                               invalid_tss, LegacyGuest::kernel_ss},
                    BadSegment{"code_of_another_level", SegmentRegister::Cs,
                               LegacyGuest::user_cs & ~3, invalid_tss, LegacyGuest::user_cs & ~3},
                    BadSegment{"stack_is_null", SegmentRegister::Ss, 0, invalid_tss, 0},
                    BadSegment{"stack_of_another_level", SegmentRegister::Ss, LegacyGuest::user_ss,
                               invalid_tss, LegacyGuest::user_ss & ~3},
                    BadSegment{"stack_is_absent", SegmentRegister::Ss, spare, stack_fault, spare},
                    BadSegment{"data_is_absent", SegmentRegister::Ds, spare, not_present, spare},
                    BadSegment{"data_is_a_tss", SegmentRegister::Es, task, invalid_tss, task},
                    BadSegment{"data_is_beyond_the_table", SegmentRegister::Gs,
                               LegacyGuest::gdt_end, invalid_tss, LegacyGuest::gdt_end}),
    [](const auto& info) { return info.param.name; });

TEST_F(TaskSwitchTest, an_ldt_that_is_none_is_the_new_tasks_error) {
    TaskStateSegment32 state = kernel_task();
    state.ldt = ldt;
    set_state(state);
    guest.set_descriptor(ldt, SegmentDescriptor::flat_data(0));
    // The handler's stack is not loaded yet, so its frame cannot be pushed: the machine shuts down.
    guest.load(jump_to(task));
    EXPECT_EQ(guest.run(), StopReason::TripleFault);
    EXPECT_EQ(guest.cpu.task.selector, task);
    EXPECT_EQ(guest.cpu.ldtr.selector, ldt);
    EXPECT_FALSE(guest.cpu.ldtr.usable);
}

TEST_F(TaskSwitchTest, loads_the_ldt_first) {
    constexpr u32 table = 0xa000;
    TaskStateSegment32 state = kernel_task();
    state.ldt = ldt;
    state.segments[static_cast<u8>(SegmentRegister::Ds)] = 0x4;  // the LDT's first
    set_state(state);
    guest.set_descriptor(
        ldt, SegmentDescriptor::limit_low.make(7) | SegmentDescriptor::base_low.make(table) |
                 SegmentDescriptor::present.mask |
                 SegmentDescriptor::type.make(static_cast<u64>(SystemSegmentType::Ldt)));
    guest.write(table, SegmentDescriptor::flat_data(0));
    run(jump_to(task));
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_TRUE(guest.cpu.segment(SegmentRegister::Ds).usable);
}

TEST_F(TaskSwitchTest, an_entry_beyond_the_code_limit_is_the_new_tasks_error) {
    guest.set_descriptor(
        spare, SegmentDescriptor::limit_low.set(
                   SegmentDescriptor::limit_high.set(SegmentDescriptor::flat_code32(0), 0), 1));
    TaskStateSegment32 state = kernel_task();
    state.segments[static_cast<u8>(SegmentRegister::Cs)] = spare;
    set_state(state);
    run(jump_to(task));
    const LegacyTrap found = trap();
    EXPECT_EQ(found.vector, general_protection);
    EXPECT_EQ(found.error_code, 0U);
    EXPECT_EQ(found.eip, new_code);
    EXPECT_EQ(found.cs, spare);
}

}  // namespace
}  // namespace ringfence::sim
