// SPDX-License-Identifier: MIT
#include "sim/devices/local_apic.h"

#include <gtest/gtest.h>

namespace ringfence::sim::devices {
namespace {

constexpr u64 cycles_per_tick = 100;
constexpr u64 timer_hz = 25'000'000;

class LocalApicTest : public ::testing::Test, public InterruptOutputs {
protected:
    void SetUp() override { write(0xf0, 0x1ff); }
    void interrupts_changed() override { ++changes_; }
    void raise_nmi() override { ++nmis_; }
    void write(u64 offset, u32 value) { apic_.mmio_write(offset, 4, value); }
    u32 read(u64 offset) { return static_cast<u32>(apic_.mmio_read(offset, 4)); }
    void advance_to(u64 cycle) {
        while (clock_.next_event <= cycle) {
            clock_.now = clock_.next_event;
            events_.run_due();
        }
        clock_.now = cycle;
    }
    void send_self(u32 vector) { write(0x300, 0x40000 | vector); }

    memory::Clock clock_;
    EventQueue events_{clock_};
    LocalApic apic_{events_, *this, timer_hz, timer_hz* cycles_per_tick};
    unsigned changes_ = 0;
    unsigned nmis_ = 0;
};

TEST_F(LocalApicTest, IdentifiesItself) {
    EXPECT_EQ(read(0x30) & 0xff, 0x14U);
    EXPECT_EQ(read(0x30) >> 16 & 0xff, 5U);
    EXPECT_EQ(apic_.mmio_read(0x31, 1), 0U) << "byte 1 of the version";
    EXPECT_EQ(apic_.mmio_read(0x34, 4), 0U) << "between the registers";
}

TEST_F(LocalApicTest, SelfInterruptsNestByPriorityClass) {
    send_self(0x41);
    ASSERT_TRUE(apic_.has_interrupt());
    EXPECT_EQ(read(0x220), 1U << 1) << "vector 0x41 in the third request word";
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    EXPECT_EQ(read(0x120), 1U << 1);
    EXPECT_EQ(read(0xa0), 0x40U);
    send_self(0x4f);
    EXPECT_FALSE(apic_.has_interrupt()) << "same class";
    send_self(0x50);
    EXPECT_EQ(apic_.acknowledge(), 0x50);
    write(0xb0, 0);
    EXPECT_FALSE(apic_.has_interrupt());
    write(0xb0, 0);
    EXPECT_EQ(apic_.acknowledge(), 0x4f);
    write(0xb0, 0);
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(LocalApicTest, TaskPriorityHoldsLowerClassesBack) {
    write(0x80, 0x50);
    send_self(0x5f);
    EXPECT_FALSE(apic_.has_interrupt());
    write(0x80, 0x40);
    EXPECT_TRUE(apic_.has_interrupt());
    EXPECT_EQ(read(0x80), 0x40U);
}

TEST_F(LocalApicTest, DisabledItTakesNothingAndMasksItsTable) {
    write(0x320, 0x40);
    write(0xf0, 0xff);
    EXPECT_NE(read(0x320) & 0x10000, 0U);
    write(0x320, 0x40);
    EXPECT_NE(read(0x320) & 0x10000, 0U) << "cannot be unmasked";
    send_self(0x41);
    EXPECT_FALSE(apic_.has_interrupt());
    EXPECT_EQ(apic_.acknowledge(), 0xff) << "the spurious vector";
}

TEST_F(LocalApicTest, OneShotTimerCountsDownAndFiresOnce) {
    write(0x3e0, 0xb);  // divide by 1
    write(0x320, 0x40);
    write(0x380, 1000);
    advance_to(400 * cycles_per_tick);
    EXPECT_EQ(read(0x390), 600U);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(1000 * cycles_per_tick - 1);
    EXPECT_FALSE(apic_.has_interrupt());
    advance_to(1000 * cycles_per_tick);
    EXPECT_EQ(apic_.acknowledge(), 0x40);
    EXPECT_EQ(read(0x390), 0U);
    EXPECT_TRUE(events_.empty());
}

TEST_F(LocalApicTest, PeriodicTimerFiresEachPeriodWithoutDrift) {
    write(0x3e0, 0x3);  // divide by 16
    write(0x320, 0x20040);
    write(0x380, 10);
    for (u64 period = 1; period <= 50; ++period) {
        advance_to(period * 160 * cycles_per_tick - 1);
        EXPECT_FALSE(apic_.has_interrupt()) << period;
        advance_to(period * 160 * cycles_per_tick);
        ASSERT_TRUE(apic_.has_interrupt()) << period;
        apic_.acknowledge();
        write(0xb0, 0);
    }
    EXPECT_EQ(read(0x390), 10U);
}

TEST_F(LocalApicTest, WritingZeroStopsTheTimer) {
    write(0x320, 0x40);
    write(0x380, 10);
    write(0x380, 0);
    EXPECT_TRUE(events_.empty());
    EXPECT_EQ(read(0x390), 0U);
}

TEST_F(LocalApicTest, MaskedTimerRunsSilently) {
    write(0x3e0, 0xb);
    write(0x320, 0x10040);
    write(0x380, 10);
    advance_to(20 * cycles_per_tick);
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(LocalApicTest, CommandsReachItByIdBroadcastAndLogicalName) {
    write(0x310, 0);
    write(0x300, 0x31);
    EXPECT_EQ(apic_.acknowledge(), 0x31);
    write(0x310, 0xff00'0000);
    write(0x300, 0x41);
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    write(0xd0, 0x0200'0000);
    write(0x310, 0x0300'0000);
    write(0x300, 0x851);
    EXPECT_EQ(apic_.acknowledge(), 0x51);
    write(0x310, 0x0500'0000);
    write(0x300, 0x861);
    EXPECT_FALSE(apic_.has_interrupt()) << "another's logical name";
    write(0x300, 0xc0061);
    EXPECT_FALSE(apic_.has_interrupt()) << "all but self";
    EXPECT_EQ(read(0x300) & 0x1000, 0U) << "delivery is done at once";
}

TEST_F(LocalApicTest, CommandsCanRaiseAnNmi) {
    write(0x300, 0x40400);
    EXPECT_EQ(nmis_, 1U);
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(LocalApicTest, IllegalVectorsAreErrors) {
    write(0x370, 0x33);
    send_self(0x05);
    EXPECT_EQ(apic_.acknowledge(), 0x33);
    EXPECT_EQ(read(0x280), 0U) << "not yet";
    write(0x280, 0);
    EXPECT_EQ(read(0x280), 0x20U);
    write(0x280, 0);
    EXPECT_EQ(read(0x280), 0U);
}

TEST_F(LocalApicTest, PassesThePicUntilLint0IsMasked) {
    LocalApic fresh{events_, *this, timer_hz, timer_hz};
    EXPECT_TRUE(fresh.passes_external());
    fresh.mmio_write(0xf0, 4, 0x1ff);
    fresh.mmio_write(0x350, 4, 0x10700);
    EXPECT_FALSE(fresh.passes_external());
    fresh.mmio_write(0x350, 4, 0x700);
    EXPECT_TRUE(fresh.passes_external());
}

}  // namespace
}  // namespace ringfence::sim::devices
