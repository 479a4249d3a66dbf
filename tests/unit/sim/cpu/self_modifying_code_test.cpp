// SPDX-License-Identifier: MIT
// Decoded instructions follow their bytes at once, as on every x86.
#include <gtest/gtest.h>

#include "tests/unit/sim/cpu/guest.h"
#include "tests/unit/sim/cpu/programs.h"

namespace ringfence::sim {
namespace {

using cpu::Gpr;
using cpu::StopReason;

TEST(SelfModifyingCode, a_store_to_the_next_instruction_of_the_block_takes_effect) {
    Guest guest;
    guest.load(programs::patch_next());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 7U);
    EXPECT_EQ(guest.retired(), 3U);
}

TEST(SelfModifyingCode, a_loop_may_change_itself) {
    Guest guest;
    guest.load(programs::patch_loop());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 1 + 2 + 3 + 4 + 5U);
    EXPECT_EQ(guest.retired(), 2 + 4 * 5 + 1U);
}

TEST(SelfModifyingCode, works_one_instruction_at_a_time) {
    Guest guest;
    guest.load(programs::patch_loop());
    guest.start(Guest::code, 0);
    while (guest.run(1) != StopReason::Halted) {
    }
    EXPECT_EQ(guest.reg(Gpr::Rax), 1 + 2 + 3 + 4 + 5U);
}

// The first store is to the block alone, the second one to what runs of it.
TEST(SelfModifyingCode, a_block_that_runs_in_part_is_changed_twice) {
    Guest guest;
    std::vector<u8> program = {0xc6, 0x05, 0x19, 0, 0, 0, 0x90,  // movb $0x90, 0x20
                               0xc6, 0x05, 0x01, 0, 0, 0, 0xc8,  // movb $0xc8, 0xf
                               0xff, 0xc0};                      // inc eax becomes dec eax
    constexpr u8 nop = 0x90;
    program.resize(0x30, nop);
    guest.load(program);
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(3), StopReason::InstructionLimit);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0xffff'ffffU);
}

TEST(SelfModifyingCode, a_store_through_memory_by_a_device_takes_effect) {
    Guest guest;
    guest.load(programs::increments());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 5U);
    guest.write<u8>(Guest::code + 2, 0xc8);  // inc rax becomes dec rax
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 5U - 1 + 4);
}

TEST(SelfModifyingCode, an_undefined_opcode_changes_in_its_second_page) {
    Guest guest;
    constexpr u64 page = Guest::code + 0x1000;
    constexpr u8 undefined_then_hlt[] = {0x0f, 0x04, 0x00, 0xf4};
    guest.load(undefined_then_hlt, page - 1);
    guest.start(page - 1, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap().has_value());
    EXPECT_EQ(guest.trap()->vector, 6U);
    guest.write<u8>(page, 0x1f);  // a NOP
    guest.start(page - 1, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.cpu.rip, page + 3) << "it got to the HLT";
}

}  // namespace
}  // namespace ringfence::sim
