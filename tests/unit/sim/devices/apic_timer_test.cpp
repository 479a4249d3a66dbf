// SPDX-License-Identifier: MIT
// The APIC's timer, through the APIC's registers.
#include "sim/devices/apic_timer.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/devices/apic_fixture.h"

namespace ringfence::sim::devices {
namespace {

using Vectors = std::vector<u8>;

constexpr u32 one_shot = 0x40;
constexpr u32 periodic = 0x20040;
constexpr u32 deadline_mode = 0x40040;
constexpr u32 masked = 0x10000;
constexpr u32 divide_by_1 = 0xb;

class ApicTimerTest : public ApicFixture {
protected:
    void advance_to_tick(u64 tick) { advance_to(tick * cycles_per_tick); }
};

TEST_F(ApicTimerTest, OneShotCountsDownAndFiresOnce) {
    write(0x3e0, divide_by_1);
    write(0x320, one_shot);
    write(0x380, 1000);
    EXPECT_EQ(read(0x390), 1000U);
    advance_to_tick(400);
    EXPECT_EQ(read(0x390), 600U);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(1000 * cycles_per_tick - 1);
    EXPECT_EQ(read(0x390), 1U);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to_tick(1000);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_EQ(read(0x390), 0U);
    EXPECT_EQ(read(0x380), 1000U);
    EXPECT_TRUE(events_.empty());
}

TEST_F(ApicTimerTest, PeriodicFiresEachPeriodWithoutDrift) {
    write(0x3e0, 0x3);  // divide by 16
    write(0x320, periodic);
    write(0x380, 10);
    for (u64 period = 1; period <= 50; ++period) {
        advance_to(period * 160 * cycles_per_tick - 1);
        EXPECT_FALSE(apic_.has_interrupt()) << period;
        advance_to_tick(period * 160);
        ASSERT_EQ(take_all(), (Vectors{0x40})) << period;
    }
    EXPECT_EQ(read(0x390), 10U);
}

TEST_F(ApicTimerTest, EveryDivisorHoldsItsRate) {
    write(0x320, one_shot);
    for (const auto& [code, divisor] : {std::pair<u32, u64>{0x0, 2},
                                        {0x1, 4},
                                        {0x2, 8},
                                        {0x3, 16},
                                        {0x8, 32},
                                        {0x9, 64},
                                        {0xa, 128},
                                        {0xb, 1}}) {
        const u64 start = clock_.now / cycles_per_tick;
        write(0x3e0, code);
        write(0x380, 7);
        advance_to((start + 7 * divisor) * cycles_per_tick - 1);
        EXPECT_FALSE(apic_.has_interrupt()) << divisor;
        advance_to_tick(start + 7 * divisor);
        EXPECT_EQ(take_all(), (Vectors{0x40})) << divisor;
    }
}

TEST_F(ApicTimerTest, ANewDivisorGoesOnFromTheCount) {
    write(0x3e0, divide_by_1);
    write(0x320, one_shot);
    write(0x380, 1000);
    advance_to_tick(600);
    write(0x3e0, 0x1);  // by 4
    EXPECT_EQ(read(0x390), 400U);
    advance_to_tick(600 + 4 * 399);
    EXPECT_EQ(read(0x390), 1U);
    advance_to_tick(600 + 4 * 400);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
}

TEST_F(ApicTimerTest, WritingZeroStopsIt) {
    write(0x320, one_shot);
    write(0x380, 10);
    write(0x380, 0);
    EXPECT_TRUE(events_.empty());
    EXPECT_EQ(read(0x390), 0U);
}

TEST_F(ApicTimerTest, MaskedItRunsSilently) {
    write(0x3e0, divide_by_1);
    write(0x320, periodic | masked);
    write(0x380, 10);
    advance_to_tick(25);
    EXPECT_FALSE(apic_.has_interrupt());
    EXPECT_EQ(read(0x390), 5U);
    write(0x320, periodic);
    EXPECT_FALSE(apic_.has_interrupt()) << "what has passed has passed";
    advance_to_tick(30);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
}

TEST_F(ApicTimerTest, TheCountGoesOnBetweenOneShotAndPeriodic) {
    write(0x3e0, divide_by_1);
    write(0x320, one_shot);
    write(0x380, 1000);
    advance_to_tick(600);
    write(0x320, periodic);
    EXPECT_EQ(read(0x390), 400U);
    advance_to_tick(2700);
    EXPECT_EQ(read(0x390), 300U);
    take_all();
    write(0x320, one_shot);
    EXPECT_EQ(read(0x390), 300U) << "of the period, not of the start";
    advance_to_tick(3000);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_EQ(read(0x390), 0U);
    write(0x320, periodic);
    EXPECT_EQ(read(0x390), 0U) << "what has run out does not start again";
    EXPECT_TRUE(events_.empty());
}

TEST_F(ApicTimerTest, ExpiryComesBeforeAnAccessThatIsLate) {
    write(0x3e0, divide_by_1);
    write(0x320, one_shot);
    write(0x380, 1000);
    clock_.now = 1500 * cycles_per_tick;
    write(0x320, periodic);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_EQ(read(0x390), 0U);
}

// TSC deadline ------------------------------------------------------------------------------------

TEST_F(ApicTimerTest, FiresWhenTheTimeStampReachesTheDeadline) {
    clock_.time_stamp_offset = 1'000'000;
    write(0x320, deadline_mode);
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 1'000'500));
    EXPECT_EQ(apic_.read_msr(tsc_deadline), 1'000'500U);
    advance_to(499);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(500);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_EQ(apic_.read_msr(tsc_deadline), 0U) << "disarmed";
    EXPECT_TRUE(events_.empty());
}

TEST_F(ApicTimerTest, FiresAtOnceForThePast) {
    clock_.now = 700;
    write(0x320, deadline_mode);
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 700));
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 1));
    EXPECT_EQ(take_all(), (Vectors{0x40}));
}

TEST_F(ApicTimerTest, ZeroDisarmsAndALaterDeadlineReplaces) {
    write(0x320, deadline_mode);
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 500));
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 0));
    EXPECT_TRUE(events_.empty());
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 500));
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 900));
    advance_to(899);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(900);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
}

TEST_F(ApicTimerTest, ADeadlineBeyondTheEndOfTimeNeverComes) {
    write(0x320, deadline_mode);
    clock_.now = 1000;
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, ~u64{0}));
    EXPECT_FALSE(apic_.has_interrupt());
    clock_.time_stamp_offset = u64{0} - 2000;
    apic_.time_stamp_moved();
    EXPECT_EQ(apic_.read_msr(tsc_deadline), ~u64{0}) << "the counter is below it";
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(ApicTimerTest, SettingTheTimeStampMovesTheDeadline) {
    write(0x320, deadline_mode);
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 5000));
    clock_.time_stamp_offset = 1000;
    apic_.time_stamp_moved();
    advance_to(3999);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(4000);
    EXPECT_EQ(take_all(), (Vectors{0x40}));
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 9000));
    clock_.time_stamp_offset = 100'000;
    apic_.time_stamp_moved();
    EXPECT_EQ(take_all(), (Vectors{0x40})) << "it has passed the deadline";
}

TEST_F(ApicTimerTest, ModesKeepTheirRegistersApart) {
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 500)) << "ignored";
    EXPECT_EQ(apic_.read_msr(tsc_deadline), 0U);
    EXPECT_TRUE(events_.empty());
    write(0x380, 1000);
    write(0x320, deadline_mode);
    EXPECT_TRUE(events_.empty()) << "disarmed";
    EXPECT_EQ(read(0x380), 0U);
    write(0x380, 1000);
    EXPECT_EQ(read(0x380), 0U) << "ignored";
    EXPECT_EQ(read(0x390), 0U);
    EXPECT_TRUE(apic_.write_msr(tsc_deadline, 500));
    write(0x320, one_shot);
    EXPECT_TRUE(events_.empty()) << "disarmed";
    write(0x320, deadline_mode);
    EXPECT_EQ(apic_.read_msr(tsc_deadline), 0U);
    write(0x320, 0x60040);  // reserved
    write(0x380, 1000);
    EXPECT_TRUE(events_.empty());
}

}  // namespace
}  // namespace ringfence::sim::devices
