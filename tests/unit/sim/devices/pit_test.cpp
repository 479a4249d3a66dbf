// SPDX-License-Identifier: MIT
#include "sim/devices/pit.h"

#include <gtest/gtest.h>

namespace ringfence::sim::devices {
namespace {

/// A core at exactly a thousand times the timer's rate, so that ticks are round numbers of cycles.
constexpr u64 cycles_per_tick = 1000;
constexpr u64 core_hz = Pit::input_hz * cycles_per_tick;

class PitTest : public ::testing::Test, private InterruptLineListener {
protected:
    void SetUp() override { pit_.attach(ports_); }
    void line_changed(unsigned irq, bool high) override {
        EXPECT_EQ(irq, 0U);
        rises_ += high ? 1 : 0;
    }
    void out(u16 port, u8 value) { ports_.write(port, 1, value); }
    u8 in(u16 port) { return static_cast<u8>(ports_.read(port, 1)); }
    void program(u16 counter_port, u8 command, u16 count) {
        out(0x43, command);
        out(counter_port, static_cast<u8>(count));
        out(counter_port, static_cast<u8>(count >> 8));
    }
    u16 latched(u8 channel) {
        out(0x43, static_cast<u8>(channel << 6));
        const u16 low = in(static_cast<u16>(0x40 + channel));
        return static_cast<u16>(low | in(static_cast<u16>(0x40 + channel)) << 8);
    }
    void advance_to_tick(u64 tick) {
        while (clock_.next_event <= tick * cycles_per_tick) {
            clock_.now = clock_.next_event;
            events_.run_due();
        }
        clock_.now = tick * cycles_per_tick;
    }
    [[nodiscard]] bool output_2() { return (in(0x61) & 0x20) != 0; }

    memory::Clock clock_;
    EventQueue events_{clock_};
    PortSpace ports_;
    InterruptLines lines_{*this};
    Pit pit_{events_, InterruptLine{lines_, 0, 0}, core_hz};
    unsigned rises_ = 0;
};

TEST_F(PitTest, RateGeneratorInterruptsOncePerPeriod) {
    program(0x40, 0x34, 100);
    const unsigned before = rises_;
    advance_to_tick(99);
    EXPECT_EQ(rises_, before);
    advance_to_tick(100);
    EXPECT_EQ(rises_, before + 1);
    advance_to_tick(1000);
    EXPECT_EQ(rises_, before + 10);
}

TEST_F(PitTest, SquareWaveInterruptsOncePerPeriodAndCountsByTwo) {
    program(0x40, 0x36, 100);
    const unsigned before = rises_;
    advance_to_tick(10);
    EXPECT_EQ(latched(0), 80);
    advance_to_tick(60);
    EXPECT_EQ(latched(0), 80);
    advance_to_tick(500);
    EXPECT_EQ(rises_, before + 5);
}

TEST_F(PitTest, OneShotInterruptsOnceOnly) {
    program(0x40, 0x30, 50);
    const unsigned before = rises_;
    advance_to_tick(49);
    EXPECT_EQ(rises_, before);
    advance_to_tick(50);
    EXPECT_EQ(rises_, before + 1);
    advance_to_tick(70'000);
    EXPECT_EQ(rises_, before + 1);
    EXPECT_EQ(clock_.next_event, ~u64{0});
}

TEST_F(PitTest, CountZeroMeans65536) {
    program(0x40, 0x34, 0);
    const unsigned before = rises_;
    advance_to_tick(65'535);
    EXPECT_EQ(rises_, before);
    advance_to_tick(65'536);
    EXPECT_EQ(rises_, before + 1);
}

TEST_F(PitTest, LatchHoldsTheCountUntilBothHalvesAreRead) {
    program(0x40, 0x34, 0x1000);
    advance_to_tick(0x10);
    out(0x43, 0x00);
    advance_to_tick(0x20);
    EXPECT_EQ(in(0x40), 0xf0);
    EXPECT_EQ(in(0x40), 0x0f);
    EXPECT_EQ(latched(0), 0x1000 - 0x20);
}

TEST_F(PitTest, ReadBackGivesStatusAndCount) {
    program(0x40, 0x34, 0x1000);
    advance_to_tick(0x10);
    out(0x43, 0xc2);  // status, then count, of channel 0
    EXPECT_EQ(in(0x40), 0x80 | 0x34);
    EXPECT_EQ(in(0x40), 0xf0);
    EXPECT_EQ(in(0x40), 0x0f);
}

TEST_F(PitTest, GateOfChannel2StartsPausesAndResumesTheCount) {
    out(0x61, 0x00);
    program(0x42, 0xb0, 100);
    advance_to_tick(500);
    EXPECT_FALSE(output_2()) << "the gate is closed";
    out(0x61, 0x01);
    advance_to_tick(560);
    EXPECT_EQ(latched(2), 40);
    out(0x61, 0x00);
    advance_to_tick(900);
    EXPECT_EQ(latched(2), 40) << "paused";
    out(0x61, 0x01);
    advance_to_tick(939);
    EXPECT_FALSE(output_2());
    advance_to_tick(940);
    EXPECT_TRUE(output_2());
}

TEST_F(PitTest, WritingTheModeEndsWhatWasCounting) {
    program(0x40, 0x34, 100);
    out(0x43, 0x30);
    const unsigned before = rises_;
    advance_to_tick(1000);
    EXPECT_EQ(rises_, before);
}

TEST_F(PitTest, LowByteOnlyAccess) {
    out(0x43, 0x14);
    out(0x40, 200);
    const unsigned before = rises_;
    advance_to_tick(200);
    EXPECT_EQ(rises_, before + 1);
}

}  // namespace
}  // namespace ringfence::sim::devices
