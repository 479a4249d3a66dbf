// SPDX-License-Identifier: MIT
// String instructions: direction, overlap, address sizes, and leaving in the middle.
#include <numeric>

#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

using arch::x86::Rflags;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;

constexpr u64 data = Guest::data;
constexpr u64 page = 4096;

void fill_counting(Guest& guest, u64 address, u64 bytes) {
    for (u64 i = 0; i < bytes; ++i) {
        guest.write<u8>(address + i, static_cast<u8>(i + 1));
    }
}

TEST(String, a_copy_just_above_its_source_repeats_the_first_element) {
    Guest guest;
    guest.write<u8>(data, 0xab);
    guest.reg(Gpr::Rsi) = data;
    guest.reg(Gpr::Rdi) = data + 1;
    guest.reg(Gpr::Rcx) = 2 * page;
    execute(guest, {0xf3, 0xa4, 0xf4});  // rep movsb; hlt
    EXPECT_EQ(guest.read<u8>(data + 1), 0xab);
    EXPECT_EQ(guest.read<u8>(data + 2 * page), 0xab);
    EXPECT_EQ(guest.read<u8>(data + 2 * page + 1), 0);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data + 2 * page + 1);
}

TEST(String, elements_wider_than_the_distance_are_read_before_they_are_overwritten) {
    Guest guest;
    fill_counting(guest, data, 32);
    guest.reg(Gpr::Rsi) = data;
    guest.reg(Gpr::Rdi) = data + 1;
    guest.reg(Gpr::Rcx) = 2;
    execute(guest, {0xf3, 0x48, 0xa5, 0xf4});  // rep movsq; hlt
    // The second element's first byte was the first one's last.
    EXPECT_EQ(guest.read<u64>(data + 1), 0x0807'0605'0403'0201U);
    EXPECT_EQ(guest.read<u64>(data + 9), 0x100f'0e0d'0c0b'0a08U);
}

TEST(String, the_direction_flag_goes_down) {
    Guest guest;
    fill_counting(guest, data, 24);
    guest.reg(Gpr::Rsi) = data + 16;
    guest.reg(Gpr::Rdi) = data + 24;
    guest.reg(Gpr::Rcx) = 3;
    execute(guest, {0xfd, 0xf3, 0x48, 0xa5, 0xf4});  // std; rep movsq; hlt
    EXPECT_EQ(guest.read<u64>(data + 8), 0x0807'0605'0403'0201U);
    EXPECT_EQ(guest.read<u64>(data + 24), 0x1817'1615'1413'1211U);
    EXPECT_EQ(guest.reg(Gpr::Rsi), data - 8);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 0U);
}

TEST(String, a_scan_stops_behind_the_first_match) {
    Guest guest;
    guest.write<u8>(data + page + 5, 7);
    guest.reg(Gpr::Rax) = 7;
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 3 * page;
    execute(guest, {0xf2, 0xae, 0xf4});  // repne scasb; hlt
    EXPECT_EQ(guest.reg(Gpr::Rdi), data + page + 6);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 3 * page - (page + 6));
    EXPECT_TRUE(Rflags::zf.test(guest.cpu.rflags()));
}

TEST(String, a_scan_that_finds_nothing_leaves_the_flags_of_the_last_element) {
    Guest guest;
    guest.write<u8>(data + 9, 8);
    guest.reg(Gpr::Rax) = 7;
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 10;
    execute(guest, {0xf2, 0xae, 0xf4});  // repne scasb; hlt
    EXPECT_EQ(guest.reg(Gpr::Rcx), 0U);
    EXPECT_FALSE(Rflags::zf.test(guest.cpu.rflags()));
    EXPECT_TRUE(Rflags::cf.test(guest.cpu.rflags())) << "7 - 8 borrows";
}

TEST(String, a_count_of_zero_touches_neither_memory_nor_flags) {
    Guest guest;
    guest.reg(Gpr::Rdi) = non_canonical;
    guest.cpu.set_rflags(Rflags::zf.mask | Rflags::cf.mask);
    execute(guest, {0xf3, 0xa6, 0xf4});  // repe cmpsb; hlt
    EXPECT_FALSE(guest.trap());
    EXPECT_TRUE(Rflags::zf.test(guest.cpu.rflags()));
    EXPECT_TRUE(Rflags::cf.test(guest.cpu.rflags()));
}

TEST(String, a_fault_in_a_comparison_takes_the_flags_back) {
    Guest guest;
    guest.write<u8>(data + page - 1, 1);
    guest.unmap(data + page);
    guest.reg(Gpr::Rsi) = data + page - 2;
    guest.reg(Gpr::Rdi) = data + 3 * page - 2;
    guest.write<u8>(data + 3 * page - 1, 1);
    guest.reg(Gpr::Rcx) = 10;
    guest.cpu.set_rflags(Rflags::cf.mask | Rflags::sf.mask);
    execute(guest, {0xf3, 0xa6, 0xf4});  // repe cmpsb; hlt
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, page_fault);
    EXPECT_EQ(guest.trap()->rip, Guest::code);
    EXPECT_EQ(guest.cpu.cr2, data + page);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 8U);
    EXPECT_EQ(guest.trap()->rflags & Rflags::status, Rflags::cf.mask | Rflags::sf.mask);
}

TEST(String, narrow_addresses_wrap_and_clear_the_upper_halves) {
    Guest guest;
    guest.reg(Gpr::Rax) = 0x1122'3344;
    guest.reg(Gpr::Rdi) = 0xffff'ffff'0000'0000 | data;
    guest.reg(Gpr::Rcx) = 0xffff'ffff'0000'0003;
    execute(guest, {0x67, 0xf3, 0xab, 0xf4});  // rep stosd with 32-bit addresses; hlt
    EXPECT_FALSE(guest.trap());
    EXPECT_EQ(guest.read<u32>(data + 8), 0x1122'3344U);
    EXPECT_EQ(guest.read<u32>(data + 12), 0U);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data + 12);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 0U);
}

TEST(String, only_the_source_obeys_a_segment_prefix) {
    Guest guest;
    guest.cpu.gpr.set_base(SegmentRegister::Fs, 0x100);
    fill_counting(guest, data + 0x100, 4);
    guest.reg(Gpr::Rsi) = data;
    guest.reg(Gpr::Rdi) = data + page;
    guest.reg(Gpr::Rcx) = 4;
    execute(guest, {0xf3, 0x64, 0xa4, 0xf4});  // rep movs byte ptr [rdi], fs:[rsi]; hlt
    EXPECT_EQ(guest.read<u32>(data + page), 0x0403'0201U);
}

TEST(String, a_repeated_store_into_code_is_seen_by_what_runs_next) {
    Guest guest;
    guest.reg(Gpr::Rax) = 0xf4;  // hlt
    guest.reg(Gpr::Rdi) = Guest::code + 2;
    guest.reg(Gpr::Rcx) = 2;
    execute(guest, {0xf3, 0xaa, 0xff, 0xc3, 0xf4});  // rep stosb; inc ebx; hlt
    EXPECT_EQ(guest.reg(Gpr::Rbx), 0U);
    EXPECT_EQ(guest.cpu.rip, Guest::code + 3);
}

TEST(String, the_trap_flag_stops_after_each_iteration) {
    constexpr u8 debug = vector_of(cpu::ExceptionVector::Debug);
    Guest guest;
    guest.load(std::vector<u8>{0xf3, 0xaa, 0xf4});  // rep stosb; hlt
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 3;
    guest.cpu.set_rflags(Rflags::tf.mask);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, debug);
    EXPECT_EQ(guest.trap()->rip, Guest::code) << "the instruction is not complete";
    EXPECT_EQ(guest.reg(Gpr::Rcx), 2U);
}

TEST(String, a_very_long_one_lets_the_engine_look_at_the_world) {
    constexpr u64 visit = u64{1} << 20;
    constexpr u64 target = 0x6'0000;
    Guest guest;
    guest.load(std::vector<u8>{0xf3, 0xaa, 0xf4});  // rep stosb; hlt
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rax) = 0x5a;
    guest.reg(Gpr::Rdi) = target;
    guest.reg(Gpr::Rcx) = visit + 1;
    EXPECT_EQ(guest.run(1), StopReason::InstructionLimit);
    EXPECT_EQ(guest.cpu.rip, Guest::code);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 1U);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.read<u8>(target + visit), 0x5a);
    EXPECT_EQ(guest.retired(), 3U);
}

TEST(String, a_non_canonical_operand_is_a_protection_fault) {
    Guest guest;
    guest.reg(Gpr::Rdi) = non_canonical;
    guest.reg(Gpr::Rcx) = 1;
    EXPECT_EQ(vector_after(guest, {0xf3, 0xaa, 0xf4}), general_protection);  // rep stosb; hlt
}

}  // namespace
}  // namespace ringfence::sim
