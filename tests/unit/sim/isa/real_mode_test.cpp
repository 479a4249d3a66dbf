// SPDX-License-Identifier: MIT
// Real mode: paragraphs, the vector table, limits, and the ways in and out. [intel/vol3]: 21.1
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/legacy_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Cr0;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;

constexpr u8 undefined = 6;
constexpr u8 stack_fault = 12;
constexpr u8 general_protection = 13;
constexpr u32 code = LegacyGuest::code;
constexpr u16 cs = LegacyGuest::real_cs;
constexpr u16 sp = LegacyGuest::real_sp;

class RealMode : public testing::Test {
protected:
    void run(const std::vector<u8>& bytes) {
        guest.load(bytes);
        ASSERT_EQ(guest.run_real(), StopReason::Halted);
    }
    void expect_trap(u8 vector, u16 ip) {
        ASSERT_EQ(guest.real_trap(), vector);
        const u32 frame = code + guest.reg(Gpr::Rsp);
        EXPECT_EQ(guest.read<u16>(frame), ip);
        EXPECT_EQ(guest.read<u16>(frame + 2), cs);
    }
    u16 reg16(Gpr r) const { return static_cast<u16>(guest.reg(r)); }

    LegacyGuest guest;
};

TEST_F(RealMode, a_selector_is_a_paragraph) {
    guest.write<u16>(0x2'0034, 0xbeef);
    // mov $0x2003, %ax; mov %ax, %ds; mov 4, %bx; hlt
    run({0xb8, 0x03, 0x20, 0x8e, 0xd8, 0x8b, 0x1e, 0x04, 0x00, 0xf4});
    EXPECT_EQ(reg16(Gpr::Rbx), 0xbeef);
    EXPECT_EQ(guest.selector(SegmentRegister::Ds), 0x2003);
}

TEST_F(RealMode, an_interrupt_goes_through_the_vector_table) {
    guest.cpu.set_rflags(Rflags::interrupt.mask | Rflags::cf.mask);
    run({0xcd, 0x41});
    expect_trap(0x41, 2);
    EXPECT_EQ(reg16(Gpr::Rsp), sp - 6);
    EXPECT_EQ(guest.read<u16>(code + sp - 2),
              Rflags::interrupt.mask | Rflags::cf.mask | Rflags::fixed_one.mask);
    EXPECT_FALSE(guest.cpu.interrupts_enabled());
}

// The frame is not an instruction's access, which could be tried again where it is alone.
TEST_F(RealMode, a_frame_may_lie_on_a_data_breakpoint) {
    constexpr u64 write_of_word = 0x5'0402;  // G0, and what it waits for
    guest.cpu.set_breakpoint_address(0, code + sp - 2);
    guest.cpu.set_dr7(write_of_word);
    run({0x90, 0x90, 0x0f, 0x0b});  // nop; nop; ud2
    expect_trap(undefined, 2);
}

TEST_F(RealMode, exceptions_have_no_error_codes) {
    run({0x8b, 0x06, 0xff, 0xff});  // mov 0xffff, %ax: crosses the limit
    expect_trap(general_protection, 0);
    EXPECT_EQ(reg16(Gpr::Rsp), sp - 6);
}

TEST_F(RealMode, the_stack_has_its_own_fault) {
    run({0xbd, 0xff, 0xff, 0x8b, 0x46, 0x00});  // mov $0xffff, %bp; mov (%bp), %ax
    expect_trap(stack_fault, 3);
}

TEST_F(RealMode, a_table_that_is_too_short_shuts_down) {
    guest.load({0x0f, 0x01, 0x1e, 0x00, 0x01, 0xcd, 0x41});  // lidt 0x100; int $0x41
    guest.write<u16>(code + 0x100, 7);
    guest.write<u32>(code + 0x102, 0);
    EXPECT_EQ(guest.run_real(), StopReason::TripleFault);
}

TEST_F(RealMode, a_push_that_wraps_inside_a_word_shuts_down) {
    guest.load({0xbc, 0x01, 0x00, 0x50});  // mov $1, %sp; push %ax
    // #SS; its frame does not fit either, nor that of #DF.
    EXPECT_EQ(guest.run_real(), StopReason::TripleFault);
}

TEST_F(RealMode, far_transfers_come_and_go) {
    guest.load({0x43, 0xcb}, 0x2'0100);  // inc %bx; lret
    // lcall $0x2010, $0; inc %bx; pushf; push %cs; push $0x10; iret
    std::vector<u8> bytes{0x9a, 0x00, 0x00, 0x10, 0x20, 0x43, 0x9c, 0x0e, 0x6a, 0x10, 0xcf};
    bytes.resize(0x10, 0x90);
    bytes.push_back(0x43);  // inc %bx
    bytes.push_back(0xf4);
    guest.cpu.gpr[Gpr::Rbx] = 0;
    run(bytes);
    EXPECT_EQ(guest.cpu.rip, 0x12U);
    EXPECT_EQ(reg16(Gpr::Rbx), 3);
    EXPECT_EQ(reg16(Gpr::Rsp), sp);
}

TEST_F(RealMode, iret_loads_all_flags) {
    // push $0x7202; push %cs; push $7; iret; hlt
    run({0x68, 0x02, 0x72, 0x0e, 0x6a, 0x07, 0xcf, 0xf4});
    EXPECT_EQ(guest.cpu.rflags() & 0xffff, 0x7202U);
}

TEST_F(RealMode, system_descriptors_do_not_exist) {
    const std::vector<u8> forms[] = {{0x0f, 0x00, 0xc0},   // sldt %ax
                                     {0x0f, 0x00, 0xd8},   // ltr %ax
                                     {0x0f, 0x02, 0xc0},   // lar %ax, %ax
                                     {0x0f, 0x00, 0xe0},   // verr %ax
                                     {0x63, 0xc0},         // arpl %ax, %ax
                                     {0xc5, 0xf8, 0x77}};  // a VEX prefix
    for (const auto& form : forms) {
        LegacyGuest fresh;
        fresh.load(form);
        ASSERT_EQ(fresh.run_real(), StopReason::Halted);
        EXPECT_EQ(fresh.real_trap(), undefined);
        EXPECT_TRUE(fresh.unimplemented.empty());
    }
}

/// "Unreal" mode: the limit that protected mode loaded holds until it loads another.
TEST_F(RealMode, loads_of_segments_keep_the_limit) {
    guest.write<u32>(0x20'0010, 0x1234'5678);
    const std::vector<u8> bytes{
        0x0f, 0x20,
        0xc0, 0x0c,
        0x01, 0x0f,
        0x22, 0xc0,  // cr0 |= 1
        0xb8, LegacyGuest::kernel_ss,
        0x00, 0x8e,
        0xd8,  // ds: flat
        0x0f, 0x20,
        0xc0, 0x24,
        0xfe, 0x0f,
        0x22, 0xc0,  // cr0 &= ~1
        0xb8, 0x01,
        0x00, 0x8e,
        0xd8,  // ds: paragraph 1
        0x66, 0x67,
        0x8b, 0x1d,
        0x00, 0x00,
        0x20, 0x00,
        0xf4,  // mov 0x200000, %ebx; hlt
    };
    run(bytes);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 0x1234'5678U);
}

TEST_F(RealMode, leads_to_protected_mode_and_back) {
    constexpr u16 code16 = LegacyGuest::free_selector;
    constexpr u64 segment = SegmentDescriptor::paragraphs(0) | SegmentDescriptor::code.mask |
                            SegmentDescriptor::base_low.make(code);
    guest.set_descriptor(code16, segment);
    // cr0 |= 1; ljmp code16:next; str %bx; cr0 &= ~1; ljmp paragraph:next; hlt
    const std::vector<u8> bytes{
        0x0f,
        0x20,
        0xc0,
        0x0c,
        0x01,
        0x0f,
        0x22,
        0xc0,  //
        0xea,
        0x0d,
        0x00,
        code16,
        0x00,  // 8: ljmp
        0x0f,
        0x00,
        0xcb,  // 13: str %bx
        0x0f,
        0x20,
        0xc0,
        0x24,
        0xfe,
        0x0f,
        0x22,
        0xc0,  // 16
        0xea,
        0x1d,
        0x00,
        static_cast<u8>(cs & 0xff),
        static_cast<u8>(cs >> 8),  // 24: ljmp
        0xf4,                      // 29
    };
    run(bytes);
    EXPECT_EQ(guest.cpu.rip, 0x1eU);
    EXPECT_EQ(guest.selector(SegmentRegister::Cs), cs);
    EXPECT_EQ(reg16(Gpr::Rbx), LegacyGuest::tss_selector);
    EXPECT_FALSE(guest.cpu.protected_mode());
}

TEST_F(RealMode, string_instructions_wrap_at_64_kib) {
    guest.write<u8>(code + 0xffff, 0x11);
    guest.write<u8>(code + 0, 0xfc);  // the program's first byte
    // cld; mov $0xffff, %si; mov $0x4000, %di; mov $2, %cx; rep movsb; hlt
    run({0xfc, 0xbe, 0xff, 0xff, 0xbf, 0x00, 0x40, 0xb9, 0x02, 0x00, 0xf3, 0xa4, 0xf4});
    EXPECT_EQ(guest.read<u16>(code + 0x4000), 0xfc11);
    EXPECT_EQ(reg16(Gpr::Rsi), 1);
}

}  // namespace
}  // namespace ringfence::sim
