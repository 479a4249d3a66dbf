// SPDX-License-Identifier: MIT
// What the engine promises whatever is decoded: the same results for the same instructions, exactly
// at the instruction asked for.
#include <gtest/gtest.h>

#include "tests/unit/sim/cpu/guest.h"
#include "tests/unit/sim/cpu/programs.h"

namespace ringfence::sim {
namespace {

using cpu::Gpr;
using cpu::StopReason;

TEST(Engine, runs_a_loop_with_flags_that_cross_blocks) {
    Guest guest;
    guest.load(programs::sum());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 500'500U);
    EXPECT_EQ(guest.retired(), 2 + 3 * 1000 + 1U);
    EXPECT_EQ(guest.cpu.cycles, guest.retired());
}

TEST(Engine, stops_after_exactly_the_instructions_asked_for) {
    for (u64 count = 0; count <= 5; ++count) {
        Guest guest;
        guest.load(programs::increments());
        guest.start(Guest::code, 0);
        EXPECT_EQ(guest.run(count), StopReason::InstructionLimit);
        EXPECT_EQ(guest.reg(Gpr::Rax), count);
        EXPECT_EQ(guest.cpu.rip, Guest::code + 3 * count);
        EXPECT_EQ(guest.retired(), count);
    }
}

TEST(Engine, stops_at_the_cycle_of_the_next_event_inside_a_block) {
    Guest guest;
    guest.load(programs::increments());
    guest.start(Guest::code, 0);
    guest.clock.next_event = 3;
    EXPECT_EQ(guest.run(), StopReason::EventDue);
    EXPECT_EQ(guest.reg(Gpr::Rax), 3U);
    EXPECT_EQ(guest.clock.now, 3U);
}

/// All state that a program can see, and the counts.
std::vector<u64> digest(Guest& guest) {
    std::vector<u64> state{guest.cpu.rip, guest.cpu.rflags(), guest.retired(), guest.cpu.cycles};
    for (unsigned i = 0; i < 16; ++i) {
        state.push_back(guest.reg(static_cast<Gpr>(i)));
    }
    for (u64 offset = 0; offset < 0x800; offset += 8) {
        state.push_back(guest.read<u64>(Guest::data + offset));
    }
    return state;
}

class Slicing : public testing::TestWithParam<u64> {};

TEST_P(Slicing, does_not_change_what_a_program_does) {
    Guest whole;
    whole.load(programs::mix());
    whole.start(Guest::code, 0);
    EXPECT_EQ(whole.run(), StopReason::Halted);

    Guest sliced;
    sliced.load(programs::mix());
    sliced.start(Guest::code, 0);
    while (sliced.run(GetParam()) != StopReason::Halted) {
    }
    EXPECT_EQ(digest(sliced), digest(whole));
}

INSTANTIATE_TEST_SUITE_P(Engine, Slicing, testing::Values(1, 2, 3, 5, 7, 11, 100));

TEST(Engine, stops_before_the_instruction_asked_for_each_time_it_comes) {
    Guest guest;
    guest.load(programs::sum());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(2), StopReason::InstructionLimit);
    const u64 loop = guest.cpu.rip;
    guest.engine.stop_at({VirtualAddress{loop}});
    for (u64 pass = 0; pass < 1000; ++pass) {
        ASSERT_EQ(guest.run(), StopReason::PauseRequested);
        EXPECT_EQ(guest.cpu.rip, loop);
        EXPECT_EQ(guest.retired(), 2 + 3 * pass);
    }
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 500'500U);
}

TEST(Engine, stop_points_may_come_and_go) {
    Guest guest;
    guest.load(programs::increments());
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(1), StopReason::InstructionLimit);
    guest.engine.stop_at({VirtualAddress{Guest::code + 9}, VirtualAddress{Guest::code + 3}});
    EXPECT_EQ(guest.run(), StopReason::PauseRequested) << "also where the run begins";
    EXPECT_EQ(guest.cpu.rip, Guest::code + 3);
    EXPECT_EQ(guest.run(), StopReason::PauseRequested);
    EXPECT_EQ(guest.cpu.rip, Guest::code + 9);
    EXPECT_EQ(guest.reg(Gpr::Rax), 3U);
    guest.engine.stop_at({});
    EXPECT_EQ(guest.run(), StopReason::Halted);
}

class StopPoints : public testing::TestWithParam<u64> {};

TEST_P(StopPoints, do_not_change_what_a_program_does) {
    Guest whole;
    whole.load(programs::mix());
    whole.start(Guest::code, 0);
    EXPECT_EQ(whole.run(), StopReason::Halted);

    Guest stopped;
    stopped.load(programs::mix());
    stopped.start(Guest::code, 0);
    std::vector<VirtualAddress> everywhere;
    for (u64 offset = 0; offset < programs::mix().size(); offset += GetParam()) {
        everywhere.emplace_back(Guest::code + offset);
    }
    stopped.engine.stop_at(everywhere);
    u64 stops = 0;
    while (stopped.run() != StopReason::Halted) {
        ++stops;
    }
    EXPECT_GT(stops, 0U);
    EXPECT_EQ(digest(stopped), digest(whole));
}

INSTANTIATE_TEST_SUITE_P(Engine, StopPoints, testing::Values(1, 2, 3, 7));

TEST(Engine, restarts_a_rep_where_it_faulted) {
    Guest guest;
    guest.load(programs::copy());
    guest.start(Guest::code, 0);
    guest.reg(Gpr::Rsi) = Guest::data;
    guest.reg(Gpr::Rdi) = Guest::data + 0x1ff0;
    guest.reg(Gpr::Rcx) = 0x30;
    for (u64 i = 0; i < 0x30; ++i) {
        guest.write<u8>(Guest::data + i, static_cast<u8>(i + 1));
    }
    guest.make_read_only(Guest::data + 0x2000);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, 14);
    EXPECT_EQ(guest.trap()->error_code, 3U);
    EXPECT_EQ(guest.trap()->rip, Guest::code);
    EXPECT_EQ(guest.cpu.cr2, Guest::data + 0x2000);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 0x20U);
    EXPECT_EQ(guest.reg(Gpr::Rsi), Guest::data + 0x10);
    EXPECT_EQ(guest.reg(Gpr::Rdi), Guest::data + 0x2000);
    EXPECT_EQ(guest.read<u8>(Guest::data + 0x1fff), 0x10);
    EXPECT_EQ(guest.retired(), 1U) << "only the handler's HLT";
}

TEST(Engine, runs_an_instruction_that_crosses_pages) {
    Guest guest;
    const u8 add_eax[] = {0x05, 0x78, 0x56, 0x34, 0x12, 0xf4};  // add eax, 0x12345678; hlt
    guest.load(add_eax, Guest::code + 0xffe);
    guest.start(Guest::code + 0xffe, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0x1234'5678U);
    // Its second page changes: the cached instruction must not survive.
    guest.write<u8>(Guest::code + 0x1000, 0xff);
    guest.start(Guest::code + 0xffe, 0);
    guest.reg(Gpr::Rax) = 0;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0x1234'ff78U);
}

TEST(Engine, reports_a_fetch_fault_in_the_second_page_there) {
    Guest guest;
    const u8 add_eax[] = {0x90, 0x05, 0x78, 0x56, 0x34, 0x12, 0xf4};
    guest.load(add_eax, Guest::code + 0xffd);
    guest.start(Guest::code + 0xffd, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    guest.unmap(Guest::code + 0x1000);
    guest.start(Guest::code + 0xffd, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, 14);
    EXPECT_EQ(guest.trap()->error_code, 0x10U);
    EXPECT_EQ(guest.trap()->rip, Guest::code + 0xffe);
    EXPECT_EQ(guest.cpu.cr2, Guest::code + 0x1000);
}

TEST(Engine, finds_no_instruction_in_a_hole_of_memory) {
    Guest guest;
    constexpr u64 hole = 0xa'0000;  // reads as all ones
    guest.start(hole, 0);
    guest.run();
    const auto trap = guest.trap();
    ASSERT_TRUE(trap);
    EXPECT_EQ(trap->vector, static_cast<u8>(cpu::ExceptionVector::InvalidOpcode));
    EXPECT_EQ(trap->rip, hole);
}

/// Those whose feature is merely hidden are not reported: EventDelivery, BadEncoding.
TEST(Engine, reports_instructions_that_nothing_implements) {
    Guest guest;
    const u8 vpaddb_zmm[] = {0x62, 0xf1, 0x75, 0x48, 0xfc, 0xc2};
    guest.load(vpaddb_zmm);
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, 6);
    EXPECT_EQ(guest.unimplemented, std::vector<u64>{Guest::code});
}

TEST(Engine, ends_when_asked_to) {
    Guest guest;
    const u8 jump_to_self[] = {0xeb, 0xfe};
    guest.load(jump_to_self);
    guest.start(Guest::code, 0);
    EXPECT_EQ(guest.run(1000), StopReason::InstructionLimit);
    guest.pins.end = true;
    EXPECT_EQ(guest.run(1000), StopReason::EndRequested);
    EXPECT_EQ(guest.retired(), 1000U);
}

}  // namespace
}  // namespace ringfence::sim
