// SPDX-License-Identifier: MIT
// Ports: who may use them, and what a device does to a repeated instruction.
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

using arch::x86::Rflags;
using arch::x86::TaskStateSegment64Offset;
using cpu::Gpr;

constexpr u8 breakpoint = vector_of(cpu::ExceptionVector::Breakpoint);
constexpr u16 port = 0x85;
constexpr u16 bitmap = 0x68;

/// `in al, dx` or `in eax, dx`, and the end of a program at CPL 3.
const std::vector<u8> in_byte{0xec, 0xcc};
const std::vector<u8> in_word{0xed, 0xcc};

/// A bitmap for ports 0 to 0xff whose byte for ports 0x80 to 0x87 is `denied`.
void give_bitmap(Guest& guest, u8 denied, u32 limit = bitmap + 0x20) {
    guest.write(Guest::tss + TaskStateSegment64Offset::io_map_base, bitmap);
    guest.write<u8>(Guest::tss + bitmap + 0x80 / 8, denied);
    guest.write<u8>(Guest::tss + bitmap + 0x88 / 8, 0xff);
    guest.cpu.task.limit = limit;
    guest.reg(Gpr::Rdx) = port;
}

TEST(Ports, user_mode_has_none_without_a_bitmap) {
    Guest guest;
    guest.write(Guest::tss + TaskStateSegment64Offset::io_map_base, bitmap);  // the limit is 103
    guest.reg(Gpr::Rdx) = port;
    EXPECT_EQ(vector_after(guest, in_byte, 3), general_protection);
    EXPECT_EQ(guest.port_reads, 0U);
}

TEST(Ports, the_privilege_level_of_rflags_opens_all) {
    Guest guest;
    guest.cpu.set_rflags(Rflags::iopl.make(3));
    EXPECT_EQ(vector_after(guest, in_byte, 3), breakpoint);
    EXPECT_EQ(guest.port_reads, 1U);
}

TEST(Ports, a_clear_bit_opens_its_port) {
    Guest guest;
    give_bitmap(guest, static_cast<u8>(~(1U << (port % 8))));
    EXPECT_EQ(vector_after(guest, in_byte, 3), breakpoint);
}

TEST(Ports, a_set_bit_closes_its_port) {
    Guest guest;
    give_bitmap(guest, 1U << (port % 8));
    EXPECT_EQ(vector_after(guest, in_byte, 3), general_protection);
    EXPECT_EQ(guest.trap()->error_code, 0U);
}

TEST(Ports, a_wide_access_needs_the_bits_of_all_its_ports) {
    Guest guest;
    give_bitmap(guest, 0);  // 0x85 to 0x87 are open, 0x88 is not
    EXPECT_EQ(vector_after(guest, in_word, 3), general_protection);
    EXPECT_EQ(vector_after(guest, in_byte, 3), breakpoint);
}

TEST(Ports, two_bytes_of_the_bitmap_must_be_within_the_task_segment) {
    constexpr u32 last_byte = bitmap + port / 8;
    Guest guest;
    give_bitmap(guest, 0, last_byte);
    EXPECT_EQ(vector_after(guest, in_byte, 3), general_protection);
    give_bitmap(guest, 0, last_byte + 1);
    EXPECT_EQ(vector_after(guest, in_byte, 3), breakpoint);
}

TEST(Ports, input_to_memory_that_cannot_be_written_does_not_read_the_port) {
    Guest guest;
    guest.make_read_only(Guest::data);
    guest.reg(Gpr::Rdi) = Guest::data;
    guest.reg(Gpr::Rcx) = 2;
    EXPECT_EQ(vector_after(guest, {0xf3, 0x6c, 0xf4}), page_fault);  // rep insb; hlt
    EXPECT_EQ(guest.port_reads, 0U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 2U);
}

TEST(Ports, repeated_output_sends_each_byte_once) {
    Guest guest;
    guest.write<u32>(Guest::data, 0x0403'0201);
    guest.reg(Gpr::Rsi) = Guest::data;
    guest.reg(Gpr::Rcx) = 4;
    EXPECT_EQ(vector_after(guest, {0xf3, 0x6e, 0xf4}), std::nullopt);  // rep outsb; hlt
    EXPECT_EQ(guest.port_bytes, (std::vector<u8>{1, 2, 3, 4}));
    EXPECT_EQ(guest.reg(Gpr::Rsi), Guest::data + 4);
}

TEST(Ports, an_interrupt_is_taken_between_two_iterations) {
    Guest guest;
    guest.write<u32>(Guest::data, 0x0001'0000);  // a byte that is not zero raises it
    guest.reg(Gpr::Rsi) = Guest::data;
    guest.reg(Gpr::Rcx) = 4;
    guest.cpu.set_rflags(Rflags::interrupt.mask);
    EXPECT_EQ(vector_after(guest, {0xf3, 0x6e, 0xf4}), Guest::device_vector);  // rep outsb; hlt
    EXPECT_EQ(guest.trap()->rip, Guest::code);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 1U);
    EXPECT_EQ(guest.port_bytes.size(), 3U);
}

}  // namespace
}  // namespace ringfence::sim
