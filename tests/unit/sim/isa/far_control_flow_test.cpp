// SPDX-License-Identifier: MIT
// IRET in all its forms, far calls through gates, far returns, and switches between 64-bit and
// 32-bit code.
#include "arch/x86/idt_gate.h"
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

using arch::x86::IdtGate64;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr u64 stack = Guest::data + 0x800;
constexpr u64 target = Guest::code + 0x2000;
/// Selectors behind those that the guest sets up.
constexpr u16 user_cs32 = 0x38 | 3;
constexpr u16 kernel_cs32 = 0x40;
constexpr u16 call_gate = 0x48 | 3;  ///< two slots
constexpr u16 absent_cs = 0x58 | 3;
constexpr u64 descriptor_count = 12;

const std::vector<u8> iretq{0x48, 0xcf};

void set_descriptor(Guest& guest, u16 selector, u64 value) {
    guest.write(Guest::gdt + align_down(selector, sizeof(u64)), value);
}

void add_descriptors(Guest& guest) {
    set_descriptor(guest, user_cs32, SegmentDescriptor::flat_code32(3));
    set_descriptor(guest, kernel_cs32, SegmentDescriptor::flat_code32(0));
    set_descriptor(guest, absent_cs,
                   SegmentDescriptor::present.set(SegmentDescriptor::flat_code64(3), 0));
    guest.cpu.gdtr.limit = descriptor_count * sizeof(u64) - 1;
}

struct Frame {
    u64 rip = target;
    u64 cs = Guest::kernel_cs;
    u64 rflags = Rflags::fixed_one.mask;
    u64 rsp = Guest::data;
    u64 ss = Guest::kernel_ss;
};

/// A guest with `frame` on its stack, an `int3` at the target, and the descriptors above.
class IretTest : public testing::Test {
protected:
    IretTest() {
        add_descriptors(guest);
        guest.write<u8>(target, 0xcc);
    }
    void run(const Frame& frame, unsigned cpl = 0) {
        guest.write(stack, frame);
        guest.load(iretq);
        guest.start(Guest::code, cpl);
        guest.reg(Gpr::Rsp) = stack;
        ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
        ASSERT_TRUE(guest.trap());
        trap = *guest.trap();
    }
    void expect_refused(u8 vector, u64 error_code) {
        EXPECT_EQ(trap.vector, vector);
        EXPECT_EQ(trap.error_code, error_code);
        EXPECT_EQ(trap.rip, Guest::code) << "at the IRET";
        EXPECT_EQ(trap.rsp, stack) << "with the frame still there";
    }

    Guest guest;
    Trap trap;
};

constexpr u8 breakpoint = vector_of(cpu::ExceptionVector::Breakpoint);
constexpr u8 segment_not_present = vector_of(cpu::ExceptionVector::SegmentNotPresent);

TEST_F(IretTest, loads_the_stack_even_without_a_change_of_privilege) {
    run({});
    EXPECT_EQ(trap.vector, breakpoint);
    EXPECT_EQ(trap.rip, target + 1);
    EXPECT_EQ(trap.rsp, Guest::data);
    EXPECT_EQ(trap.cs, Guest::kernel_cs);
}

TEST_F(IretTest, may_load_a_null_stack_segment_below_user_mode) {
    run({.ss = 0});
    EXPECT_EQ(trap.vector, breakpoint);
}

TEST_F(IretTest, may_not_load_a_null_stack_segment_for_user_mode) {
    run({.cs = Guest::user_cs, .ss = 0});
    expect_refused(general_protection, 0);
}

TEST_F(IretTest, checks_the_address_before_it_leaves_the_kernel) {
    run({.rip = non_canonical, .cs = Guest::user_cs, .ss = Guest::user_ss});
    expect_refused(general_protection, 0);
    EXPECT_EQ(trap.cs, Guest::kernel_cs);
}

TEST_F(IretTest, refuses_a_nested_task) {
    guest.cpu.set_rflags(Rflags::nt.mask);
    run({});
    expect_refused(general_protection, 0);
}

TEST_F(IretTest, cannot_gain_privilege) {
    run({}, 3);
    expect_refused(general_protection, Guest::kernel_cs);
}

TEST_F(IretTest, names_the_selector_whose_rpl_and_dpl_differ) {
    run({.cs = Guest::kernel_cs | 3, .ss = Guest::user_ss});
    expect_refused(general_protection, Guest::kernel_cs);
    run({.cs = Guest::user_cs, .ss = Guest::kernel_ss | 3});
    expect_refused(general_protection, Guest::kernel_ss);
}

TEST_F(IretTest, refuses_a_segment_that_is_not_present) {
    run({.cs = absent_cs, .ss = Guest::user_ss});
    expect_refused(segment_not_present, absent_cs & ~3U);
}

TEST_F(IretTest, leaves_privileged_flags_alone_in_user_mode) {
    run({.cs = Guest::user_cs,
         .rflags = Rflags::interrupt.mask | Rflags::iopl.mask | Rflags::cf.mask | Rflags::id.mask,
         .ss = Guest::user_ss},
        3);
    EXPECT_EQ(trap.rflags, Rflags::fixed_one.mask | Rflags::cf.mask | Rflags::id.mask);
}

TEST_F(IretTest, loads_all_flags_in_the_kernel) {
    constexpr u64 flags = Rflags::fixed_one.mask | Rflags::interrupt.mask | Rflags::iopl.mask |
                          Rflags::ac.mask | Rflags::df.mask;
    run({.rflags = flags | Rflags::vm.mask});
    EXPECT_EQ(trap.rflags, flags) << "virtual-8086 mode does not exist in long mode";
}

TEST_F(IretTest, opens_the_way_for_the_next_nmi_even_if_it_faults) {
    guest.cpu.nmi_blocked = true;
    run({.rip = non_canonical});
    EXPECT_FALSE(guest.cpu.nmi_blocked);
}

TEST_F(IretTest, reads_its_frame_with_the_rights_of_the_caller) {
    guest.make_supervisor(stack);
    run({.cs = Guest::user_cs, .ss = Guest::user_ss}, 3);
    EXPECT_EQ(trap.vector, page_fault);
    EXPECT_EQ(trap.error_code, 5U);
}

TEST_F(IretTest, goes_to_32_bit_user_code) {
    const u8 code[] = {0xff, 0xc3, 0xcd, 0x80};  // inc ebx; int 0x80
    guest.load(code, target);
    guest.reg(Gpr::Rbx) = 0xffff'ffff'ffff'fff0;
    run({.cs = user_cs32, .rsp = Guest::user_stack, .ss = Guest::user_ss});
    EXPECT_EQ(trap.vector, 0x80);
    EXPECT_EQ(trap.cs, user_cs32);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 0xffff'fff1U);
}

TEST_F(IretTest, an_address_beyond_32_bits_is_outside_a_32_bit_segment) {
    run({.rip = u64{1} << 32, .cs = user_cs32, .ss = Guest::user_ss});
    expect_refused(general_protection, 0);
}

TEST_F(IretTest, makes_data_segments_of_inner_levels_unusable) {
    guest.cpu.set_segment(SegmentRegister::Ds,
                          {.selector = Guest::kernel_ss,
                           .usable = true,
                           .limit = ~u32{0},
                           .descriptor = SegmentDescriptor::flat_data(0)},
                          0);
    run({.cs = Guest::user_cs, .ss = Guest::user_ss});
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Ds).selector, 0);
    EXPECT_FALSE(guest.cpu.segment(SegmentRegister::Ds).usable);
}

TEST_F(IretTest, takes_the_privilege_of_null_selectors_but_keeps_the_bases) {
    constexpr u64 base = 0x1234;
    guest.cpu.set_segment(SegmentRegister::Gs, {.selector = 3}, base);
    run({.cs = Guest::user_cs, .ss = Guest::user_ss});
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Gs).selector, 0);
    EXPECT_EQ(guest.cpu.gpr.base(SegmentRegister::Gs), base);
    guest.cpu.set_segment(SegmentRegister::Gs, {.selector = 3}, base);
    run({});
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Gs).selector, 3) << "only on the way out";
}

TEST(FarJump, switches_from_32_bit_to_64_bit_code) {
    Guest guest;
    add_descriptors(guest);
    guest.load(std::vector<u8>{0xff, 0xc1, 0x48, 0xff, 0xc3, 0xf4}, target);
    const auto low = static_cast<u8>(target >> 8);
    const auto high = static_cast<u8>(target >> 16);
    // 32-bit: dec eax (a prefix in 64-bit code); ljmp kernel_cs:target
    guest.load(std::vector<u8>{0x48, 0xea, 0x00, low, high, 0x00, Guest::kernel_cs, 0x00});
    guest.start(Guest::code, 0);
    guest.cpu.set_segment(SegmentRegister::Cs,
                          {.selector = kernel_cs32,
                           .usable = true,
                           .limit = ~u32{0},
                           .descriptor = SegmentDescriptor::flat_code32(0)},
                          0);
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
    EXPECT_FALSE(guest.trap());
    EXPECT_TRUE(guest.cpu.code64());
    EXPECT_EQ(guest.reg(Gpr::Rax), 0xffff'ffffU);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 1U);
}

/// Calls through `call_gate` from CPL 3.
class CallGate : public testing::Test {
protected:
    CallGate() {
        add_descriptors(guest);
        set_gate(3);
        guest.load(std::vector<u8>{0xf4}, target);
        guest.write<u32>(Guest::data, 0);
        guest.write<u16>(Guest::data + 4, call_gate);
        guest.reg(Gpr::Rax) = Guest::data;
    }
    void set_gate(unsigned privilege) {
        const u64 place = Guest::gdt + align_down(call_gate, sizeof(u64));
        guest.write(place, IdtGate64::make(target, Guest::kernel_cs, SystemSegmentType::CallGate,
                                           privilege, 0));
    }

    const std::vector<u8> lcall{0xff, 0x18};  // call far [rax]
    Guest guest;
};

TEST_F(CallGate, switches_to_the_stack_of_the_task_segment) {
    execute(guest, lcall, 3);
    EXPECT_FALSE(guest.trap());
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    const u64 rsp = guest.reg(Gpr::Rsp);
    EXPECT_EQ(rsp, Guest::kernel_stack - 4 * 8);
    EXPECT_EQ(guest.read<u64>(rsp), Guest::code + lcall.size());
    EXPECT_EQ(guest.read<u64>(rsp + 8), Guest::user_cs);
    EXPECT_EQ(guest.read<u64>(rsp + 16), Guest::user_stack);
    EXPECT_EQ(guest.read<u64>(rsp + 24), Guest::user_ss);
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Ss).selector, 0);
}

TEST_F(CallGate, is_closed_to_callers_beyond_its_privilege) {
    set_gate(0);
    EXPECT_EQ(vector_after(guest, lcall, 3), general_protection);
    EXPECT_EQ(guest.trap()->error_code, call_gate & ~3U);
}

TEST_F(CallGate, must_have_a_clear_type_in_its_second_half) {
    const u64 high = Guest::gdt + align_down(call_gate, sizeof(u64)) + sizeof(u64);
    guest.write(high, guest.read<u64>(high) | IdtGate64::type.make(1));
    EXPECT_EQ(vector_after(guest, lcall, 3), general_protection);
}

TEST(FarReturn, drops_arguments_from_both_stacks) {
    Guest guest;
    guest.load(std::vector<u8>{0x48, 0xca, 0x10, 0x00});  // retfq 16
    guest.write<u8>(target, 0xcc);                        // int3
    const u64 words[] = {target, Guest::user_cs, 1, 2, Guest::user_stack, Guest::user_ss};
    for (u64 i = 0; i < std::size(words); ++i) {
        guest.write(stack + i * sizeof(u64), words[i]);
    }
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rsp) = stack;
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, breakpoint);
    EXPECT_EQ(guest.trap()->cs, Guest::user_cs);
    EXPECT_EQ(guest.trap()->rsp, Guest::user_stack + 16);
}

TEST(SoftwareInterrupt, needs_a_gate_that_lets_it_in) {
    constexpr u8 vector = 0x80;
    Guest guest;
    const u64 gate = Guest::idt + vector * sizeof(IdtGate64);
    guest.write(gate, IdtGate64::dpl.set(guest.read<u64>(gate), 0));
    EXPECT_EQ(vector_after(guest, {0xcd, vector}, 3), general_protection);
    EXPECT_EQ(guest.trap()->error_code, vector * 8U + 2);
    EXPECT_EQ(guest.trap()->rip, Guest::code);
}

TEST(SoftwareInterrupt, int1_asks_no_gate_for_permission) {
    constexpr u8 debug = vector_of(cpu::ExceptionVector::Debug);
    Guest guest;
    const u64 gate = Guest::idt + debug * sizeof(IdtGate64);
    guest.write(gate, IdtGate64::dpl.set(guest.read<u64>(gate), 0));
    EXPECT_EQ(vector_after(guest, {0xf1}, 3), debug);
    EXPECT_EQ(guest.trap()->rip, Guest::code + 1);
}

}  // namespace
}  // namespace ringfence::sim
