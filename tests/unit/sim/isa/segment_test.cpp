// SPDX-License-Identifier: MIT
// Loads of segment registers and questions about selectors.
#include "arch/x86/debug_registers.h"
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

using arch::x86::Dr7;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr u8 stack_fault = vector_of(cpu::ExceptionVector::StackFault);
constexpr u8 segment_not_present = vector_of(cpu::ExceptionVector::SegmentNotPresent);
const std::vector<u8> mov_fs{0x8e, 0xe0, 0xf4};      // mov fs, eax; hlt
const std::vector<u8> mov_ss{0x8e, 0xd0, 0xf4};      // mov ss, eax; hlt
const std::vector<u8> lar{0x0f, 0x02, 0xd8, 0xf4};   // lar ebx, eax; hlt
const std::vector<u8> lsl{0x0f, 0x03, 0xd8, 0xf4};   // lsl ebx, eax; hlt
const std::vector<u8> verw{0x0f, 0x00, 0xe8, 0xf4};  // verw ax; hlt

constexpr u16 spare = 0x38;
void set_spare(Guest& guest, u64 descriptor) {
    guest.write(Guest::gdt + spare, descriptor);
    guest.cpu.gdtr.limit = spare + sizeof(u64) - 1;
}

TEST(SegmentLoad, takes_base_and_marks_the_descriptor_accessed) {
    constexpr u64 base = 0x1234'5678;
    Guest guest;
    const u64 descriptor = SegmentDescriptor::accessed.set(SegmentDescriptor::flat_data(0), 0) |
                           SegmentDescriptor::base_low.make(base) |
                           SegmentDescriptor::base_high.make(base >> 24);
    set_spare(guest, descriptor);
    guest.reg(Gpr::Rax) = spare;
    EXPECT_EQ(vector_after(guest, mov_fs), std::nullopt);
    EXPECT_EQ(guest.cpu.gpr.base(SegmentRegister::Fs), base);
    EXPECT_EQ(guest.read<u64>(Guest::gdt + spare), descriptor | SegmentDescriptor::accessed.mask);
}

TEST(SegmentLoad, a_null_selector_clears_the_base) {
    Guest guest;
    guest.cpu.gpr.set_base(SegmentRegister::Fs, 0x1000);
    guest.reg(Gpr::Rax) = 3;
    EXPECT_EQ(vector_after(guest, mov_fs), std::nullopt);
    EXPECT_EQ(guest.cpu.gpr.base(SegmentRegister::Fs), 0U);
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Fs).selector, 3);
}

TEST(SegmentLoad, beyond_the_table_is_a_protection_fault_that_names_the_selector) {
    Guest guest;
    guest.reg(Gpr::Rax) = spare | 3;
    EXPECT_EQ(vector_after(guest, mov_fs), general_protection);
    EXPECT_EQ(guest.trap()->error_code, spare);
}

TEST(SegmentLoad, an_absent_segment_has_its_own_fault_and_an_absent_stack_another) {
    Guest guest;
    set_spare(guest, SegmentDescriptor::present.set(SegmentDescriptor::flat_data(0), 0));
    guest.reg(Gpr::Rax) = spare;
    EXPECT_EQ(vector_after(guest, mov_fs), segment_not_present);
    guest.reg(Gpr::Rax) = spare;
    EXPECT_EQ(vector_after(guest, mov_ss), stack_fault);
    EXPECT_EQ(guest.trap()->error_code, spare);
}

TEST(SegmentLoad, user_mode_may_not_load_kernel_data) {
    Guest guest;
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    EXPECT_EQ(vector_after(guest, mov_fs, 3), general_protection);
}

TEST(SegmentLoad, a_null_stack_is_for_64_bit_kernels_only) {
    Guest guest;
    guest.reg(Gpr::Rax) = 0;
    EXPECT_EQ(vector_after(guest, mov_ss), std::nullopt);
    EXPECT_EQ(vector_after(guest, mov_ss, 3), general_protection);
}

TEST(SegmentLoad, no_interrupt_comes_between_the_stack_segment_and_the_next_instruction) {
    Guest guest;
    guest.pins.interrupt = true;
    guest.load(std::vector<u8>{0xfb, 0x8e, 0xd0, 0xff, 0xc3, 0xff, 0xc3, 0xf4});
    guest.start(Guest::code, 0);  // sti; mov ss, eax; inc ebx; inc ebx; hlt
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, Guest::device_vector);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 1U);
}

/// Debug exceptions of a breakpoint on the instruction behind a load of SS.
std::optional<u8> vector_behind_stack_load(arch::x86::Vendor vendor) {
    Guest guest{Guest::Extras{.features = {}, .vendor = vendor}};
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    guest.cpu.set_breakpoint_address(0, Guest::code + 2);
    guest.cpu.set_dr7(Dr7::reset | 1);
    return vector_after(guest, {0x8e, 0xd0, 0x90, 0xf4});  // mov ss, eax; nop; hlt
}

TEST(SegmentLoad, of_the_stack_hides_an_instruction_breakpoint_on_intels_processors_only) {
    EXPECT_EQ(vector_behind_stack_load(arch::x86::Vendor::Intel), std::nullopt);
    EXPECT_EQ(vector_behind_stack_load(arch::x86::Vendor::Amd),
              vector_of(cpu::ExceptionVector::Debug));
}

TEST(SegmentLoad, a_pop_that_faults_leaves_the_stack_pointer) {
    Guest guest;
    guest.write<u64>(Guest::data, spare);
    guest.load(std::vector<u8>{0x0f, 0xa1, 0xf4});  // pop fs; hlt
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rsp) = Guest::data;
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, general_protection);
    EXPECT_EQ(guest.trap()->rsp, Guest::data);
}

TEST(SegmentQuery, rights_are_those_of_the_descriptor_without_base_and_limit) {
    Guest guest;
    guest.reg(Gpr::Rax) = Guest::user_cs;
    execute(guest, lar, 0);
    EXPECT_TRUE(Rflags::zf.test(guest.cpu.rflags()));
    EXPECT_EQ(guest.reg(Gpr::Rbx), 0x00a0'fb00U);
}

TEST(SegmentQuery, user_mode_learns_nothing_of_the_kernels_segments) {
    Guest guest;
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    guest.reg(Gpr::Rbx) = 7;
    guest.cpu.set_rflags(Rflags::zf.mask);
    guest.load(std::vector<u8>{0x0f, 0x03, 0xd8, 0xcc});  // lsl ebx, eax; int3
    guest.start(Guest::code, 3);
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_FALSE(Rflags::zf.test(guest.trap()->rflags));
    EXPECT_EQ(guest.reg(Gpr::Rbx), 7U);
}

TEST(SegmentQuery, the_limit_is_in_bytes) {
    Guest guest;
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    execute(guest, lsl, 0);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 0xffff'ffffU);
    guest.reg(Gpr::Rax) = Guest::tss_selector;
    execute(guest, lsl, 0);
    EXPECT_EQ(guest.reg(Gpr::Rbx), 103U);
}

TEST(SegmentQuery, code_cannot_be_written) {
    Guest guest;
    guest.reg(Gpr::Rax) = Guest::kernel_cs;
    guest.cpu.set_rflags(Rflags::zf.mask);
    execute(guest, verw);
    EXPECT_FALSE(Rflags::zf.test(guest.cpu.rflags()));
    guest.reg(Gpr::Rax) = Guest::kernel_ss;
    execute(guest, verw);
    EXPECT_TRUE(Rflags::zf.test(guest.cpu.rflags()));
}

}  // namespace
}  // namespace ringfence::sim
