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

}  // namespace
}  // namespace ringfence::sim
