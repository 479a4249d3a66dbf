// SPDX-License-Identifier: MIT
// Virtual-8086 mode. [intel/vol3]: 21.2, 21.3
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "tests/unit/sim/isa/legacy_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Cr4;
using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment32;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;

constexpr u8 undefined = 6;
constexpr u8 general_protection = 13;
constexpr u16 paragraph = 0x2000;
constexpr u32 program = paragraph * 16;
constexpr u16 program_sp = 0x4000;
constexpr u8 vector = 0x41;
constexpr u32 frame_address = 0x3'0000;
const std::vector<u8> iret_by_frame{0xbc, 0, 0, 3, 0, 0xcf};  // mov $frame_address, %esp; iret

/// The words that IRETD takes for virtual-8086 mode.
struct Frame {
    u32 eip = 0;
    u32 cs = paragraph;
    u32 eflags = static_cast<u32>(Rflags::vm.mask | Rflags::fixed_one.mask);
    u32 esp = program_sp;
    u32 ss = paragraph;
    u32 es = paragraph + 1;
    u32 ds = paragraph + 2;
    u32 fs = paragraph + 3;
    u32 gs = paragraph + 4;
};

class Virtual8086 : public testing::Test {
protected:
    /// Runs `bytes` in virtual-8086 mode until something halts.
    StopReason run(const std::vector<u8>& bytes, unsigned iopl, u64 more_flags = 0) {
        Frame frame;
        frame.eflags |= static_cast<u32>(Rflags::iopl.make(iopl) | more_flags);
        guest.write(frame_address, frame);
        guest.load(bytes, program);
        guest.load(iret_by_frame);
        return guest.run();
    }
    LegacyTrap trap() {
        const auto found = guest.trap(true);
        EXPECT_TRUE(found) << std::hex << guest.cpu.rip;
        return found.value_or(LegacyTrap{});
    }
    void expect_general_protection(u32 eip, u32 error_code = 0) {
        EXPECT_EQ(trap().vector, general_protection);
        EXPECT_EQ(trap().eip, eip);
        EXPECT_EQ(trap().error_code, error_code);
        EXPECT_TRUE(Rflags::vm.test(trap().eflags));
    }
    void allow_extensions() { ASSERT_TRUE(guest.cpu.set_cr4(Cr4::vme.mask)); }
    /// A TSS with a redirection map of `map` for all vectors, and an I/O map that permits nothing.
    void set_redirection(u8 map) {
        constexpr u16 io_map = 0x90;
        TaskStateSegment32 task = guest.read<TaskStateSegment32>(LegacyGuest::tss);
        task.io_map_base = io_map;
        guest.write(LegacyGuest::tss, task);
        for (u32 i = 0; i < 32; ++i) {
            guest.write<u8>(LegacyGuest::tss + io_map - 32 + i, map);
        }
        for (u32 i = 0; i < 0x20; ++i) {
            guest.write<u8>(LegacyGuest::tss + io_map + i, 0xff);
        }
        guest.cpu.task.limit = io_map + 0x1f;
    }

    LegacyGuest guest;
};

TEST_F(Virtual8086, an_exception_saves_all_segments_and_clears_them) {
    run({0x0f, 0x0b}, 0);
    const LegacyTrap found = trap();
    EXPECT_EQ(found.vector, undefined);
    EXPECT_EQ(found.cs, paragraph);
    EXPECT_EQ(found.esp, program_sp);
    EXPECT_EQ(found.ss, paragraph);
    EXPECT_TRUE(Rflags::vm.test(found.eflags));
    const u32 frame = guest.reg(Gpr::Rsp);
    EXPECT_EQ(frame, LegacyGuest::inner_stack - 9 * 4);
    EXPECT_EQ(guest.read<u16>(frame + 20), paragraph + 1);
    EXPECT_EQ(guest.read<u16>(frame + 32), paragraph + 4);
    for (const auto which :
         {SegmentRegister::Es, SegmentRegister::Ds, SegmentRegister::Fs, SegmentRegister::Gs}) {
        EXPECT_FALSE(guest.cpu.segment(which).usable);
    }
    EXPECT_FALSE(guest.cpu.virtual_8086());
    EXPECT_EQ(guest.cpu.cpl(), 0U);
}

TEST_F(Virtual8086, a_selector_is_a_paragraph) {
    guest.write<u8>(program + 16 * 7 + 2, 0x5a);
    // mov $paragraph+7, %ax; mov %ax, %ds; mov 2, %bl; ud2
    run({0xb8, 0x07, 0x20, 0x8e, 0xd8, 0x8a, 0x1e, 0x02, 0x00, 0x0f, 0x0b}, 0);
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(static_cast<u8>(guest.reg(Gpr::Rbx)), 0x5a);
}

TEST_F(Virtual8086, iopl_guards_what_touches_the_interrupt_flag) {
    const std::vector<u8> forms[] = {{0xfa}, {0xfb}, {0x9c}, {0x9d}, {0xcd, vector}, {0xcf}};
    for (const auto& form : forms) {
        run(form, 0);
        expect_general_protection(0);
    }
}

TEST_F(Virtual8086, with_iopl_3_the_flag_is_its_own) {
    run({0xfa, 0x9c, 0x58, 0x0f, 0x0b}, 3, Rflags::interrupt.mask);  // cli; pushf; pop %ax; ud2
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(static_cast<u16>(guest.reg(Gpr::Rax)), 0x3002);
    EXPECT_FALSE(Rflags::interrupt.test(trap().eflags));
}

TEST_F(Virtual8086, int_n_with_iopl_3_goes_to_the_supervisor) {
    run({0xcd, vector}, 3);
    EXPECT_EQ(trap().vector, vector);
    EXPECT_EQ(trap().eip, 2U);
}

TEST_F(Virtual8086, int_3_and_into_do_not_need_iopl) {
    run({0xcc}, 0);
    EXPECT_EQ(trap().vector, 3);
    run({0xce}, 0, Rflags::of.mask);
    EXPECT_EQ(trap().vector, 4);
}

TEST_F(Virtual8086, privileged_instructions_fault) {
    for (const auto& form : {std::vector<u8>{0xf4}, {0x0f, 0x20, 0xc0}, {0x0f, 0x01, 0x10}}) {
        run(form, 3);
        expect_general_protection(0);
    }
}

TEST_F(Virtual8086, the_io_map_counts_whatever_iopl_is) {
    set_redirection(0xff);
    run({0xe4, 0x40}, 3);
    expect_general_protection(0);
    guest.write<u8>(LegacyGuest::tss + 0x90 + 8, 0);
    run({0xe4, 0x40, 0x0f, 0x0b}, 0);
    EXPECT_EQ(trap().vector, undefined);
}

TEST_F(Virtual8086, iret_stays_and_keeps_iopl) {
    // pushf-like image 0x0ed7 with IOPL 0, then cs, ip
    std::vector<u8> bytes{0x68, 0xd7, 0x0e, 0x0e, 0x6a, 0x07, 0xcf, 0x0f, 0x0b};
    run(bytes, 3);
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(trap().eip, 7U);
    EXPECT_EQ(Rflags::iopl.get(trap().eflags), 3U);
    EXPECT_EQ(trap().eflags & Rflags::status, Rflags::status);
}

TEST_F(Virtual8086, a_handler_must_be_of_level_0) {
    constexpr u16 conforming = LegacyGuest::free_selector;
    guest.set_descriptor(conforming,
                         SegmentDescriptor::flat_code32(0) | SegmentDescriptor::conforming.mask);
    guest.set_gate(vector, Gate::make(LegacyGuest::handler(vector), conforming,
                                      SystemSegmentType::InterruptGate, 3));
    run({0xcd, vector}, 3);
    expect_general_protection(0, conforming);
}

TEST_F(Virtual8086, an_entry_beyond_64_kib_is_refused) {
    Frame frame;
    frame.eip = 0x1'0000;
    guest.write(frame_address, frame);
    guest.load(iret_by_frame);
    ASSERT_EQ(guest.run(), StopReason::Halted);
    const auto found = guest.trap();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->vector, general_protection);
    EXPECT_EQ(found->eip, LegacyGuest::code + 5);
}

TEST_F(Virtual8086, a_task_may_be_one) {
    constexpr u16 task = LegacyGuest::free_selector;
    constexpr u32 new_tss = 0x8000;
    TaskStateSegment32 state{};
    state.eflags = static_cast<u32>(Rflags::vm.mask | Rflags::fixed_one.mask);
    state.segments[static_cast<u8>(SegmentRegister::Cs)] = paragraph;
    state.segments[static_cast<u8>(SegmentRegister::Ss)] = paragraph;
    state.segments[static_cast<u8>(SegmentRegister::Gs)] = 0x1234;
    state.inner_stacks[0] = {.esp = LegacyGuest::inner_stack, .ss = LegacyGuest::kernel_ss};
    guest.write(new_tss, state);
    guest.set_descriptor(task, SegmentDescriptor::tss_low(new_tss, sizeof(state) - 1));
    guest.load({0x0f, 0x0b}, program);
    guest.load({0xea, 0, 0, 0, 0, task, 0});
    ASSERT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(trap().cs, paragraph);
    EXPECT_EQ(guest.read<u16>(guest.reg(Gpr::Rsp) + 32), 0x1234);
}

// With CR4.VME
// --------------------------------------------------------------------------------------

TEST_F(Virtual8086, extensions_redirect_interrupts_to_the_program) {
    allow_extensions();
    set_redirection(0);
    guest.write<u16>(vector * 4, 0x100);
    guest.write<u16>(vector * 4 + 2, paragraph);
    guest.load({0x0f, 0x0b}, program + 0x100);
    for (const unsigned iopl : {0U, 3U}) {
        const u64 enabled = iopl == 3 ? Rflags::interrupt.mask : Rflags::vif.mask;
        run({0xcd, vector}, iopl, enabled);
        EXPECT_EQ(trap().vector, undefined);
        EXPECT_EQ(trap().eip, 0x100U);
        EXPECT_EQ(trap().esp, program_sp - 6U);
        EXPECT_EQ(guest.read<u16>(program + program_sp - 2), 0x3202) << "IF is on, IOPL is 3";
        EXPECT_FALSE((trap().eflags & enabled) != 0);
    }
}

TEST_F(Virtual8086, extensions_leave_the_supervisors_interrupts_to_it) {
    allow_extensions();
    set_redirection(0xff);
    run({0xcd, vector}, 0);
    expect_general_protection(0);
    run({0xcd, vector}, 3);
    EXPECT_EQ(trap().vector, vector);
}

TEST_F(Virtual8086, extensions_give_it_a_virtual_interrupt_flag) {
    allow_extensions();
    // sti; pushf; pop %ax; cli; pushf; pop %bx; ud2
    run({0xfb, 0x9c, 0x58, 0xfa, 0x9c, 0x5b, 0x0f, 0x0b}, 0);
    EXPECT_EQ(trap().vector, undefined);
    EXPECT_EQ(static_cast<u16>(guest.reg(Gpr::Rax)), 0x3202);
    EXPECT_EQ(static_cast<u16>(guest.reg(Gpr::Rbx)), 0x3002);
    EXPECT_FALSE(Rflags::interrupt.test(trap().eflags));
}

TEST_F(Virtual8086, extensions_let_no_waiting_interrupt_be_missed) {
    allow_extensions();
    run({0xfb}, 0, Rflags::vip.mask);
    expect_general_protection(0);
    run({0x68, 0x02, 0x02, 0x9d}, 0, Rflags::vip.mask);  // push $0x202; popf
    expect_general_protection(3);
    run({0x66, 0x9c}, 0);  // pushfd has no virtual form
    expect_general_protection(0);
}

TEST_F(Virtual8086, protected_mode_has_a_virtual_interrupt_flag_too) {
    ASSERT_TRUE(guest.cpu.set_cr4(Cr4::pvi.mask));
    guest.load({0xfb, 0xcc});  // sti; int3
    guest.cpu.set_rflags(0);
    ASSERT_EQ(guest.run(3), StopReason::Halted);
    EXPECT_EQ(trap().vector, 3);
    EXPECT_TRUE(Rflags::vif.test(trap().eflags));
    EXPECT_FALSE(Rflags::interrupt.test(trap().eflags));
}

}  // namespace
}  // namespace ringfence::sim
