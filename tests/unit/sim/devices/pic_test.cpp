// SPDX-License-Identifier: MIT
#include "sim/devices/pic.h"

#include <gtest/gtest.h>

namespace ringfence::sim::devices {
namespace {

class PicTest : public ::testing::Test {
protected:
    void SetUp() override {
        pic_.attach(ports_);
        initialise(0x01);
    }
    /// As every PC does: vectors 0x20 and 0x28, all lines open.
    void initialise(u8 icw4) {
        for (const auto& [port, value] : {std::pair<u16, u8>{0x20, 0x11},
                                          {0x21, 0x20},
                                          {0x21, 0x04},
                                          {0x21, icw4},
                                          {0xa0, 0x11},
                                          {0xa1, 0x28},
                                          {0xa1, 0x02},
                                          {0xa1, icw4},
                                          {0x21, 0},
                                          {0xa1, 0}}) {
            out(port, value);
        }
    }
    void out(u16 port, u8 value) { ports_.write(port, 1, value); }
    u8 in(u16 port) { return static_cast<u8>(ports_.read(port, 1)); }
    void pulse(unsigned irq) {
        pic_.set_line(irq, true);
        pic_.set_line(irq, false);
        pic_.set_line(irq, true);
    }

    PortSpace ports_;
    Pic pic_;
};

TEST_F(PicTest, GivesTheProgrammedVector) {
    EXPECT_FALSE(pic_.output());
    pic_.set_line(4, true);
    ASSERT_TRUE(pic_.output());
    EXPECT_EQ(pic_.acknowledge(), 0x24);
    EXPECT_FALSE(pic_.output()) << "in service now";
}

TEST_F(PicTest, AnEdgeCountsOnceUntilTheNextEdge) {
    pic_.set_line(4, true);
    pic_.acknowledge();
    out(0x20, 0x20);
    EXPECT_FALSE(pic_.output());
    pulse(4);
    EXPECT_TRUE(pic_.output());
}

TEST_F(PicTest, HigherPriorityInterruptsLowerAndWaitsForItself) {
    pic_.set_line(4, true);
    pic_.acknowledge();
    pulse(4);
    EXPECT_FALSE(pic_.output()) << "the same level waits";
    pic_.set_line(6, true);
    EXPECT_FALSE(pic_.output()) << "a lower one waits";
    pic_.set_line(1, true);
    ASSERT_TRUE(pic_.output());
    EXPECT_EQ(pic_.acknowledge(), 0x21);
    out(0x20, 0x20);  // ends 1, the highest in service
    EXPECT_FALSE(pic_.output());
    out(0x20, 0x64);  // specific end of 4
    ASSERT_TRUE(pic_.output());
    EXPECT_EQ(pic_.acknowledge(), 0x24);
}

TEST_F(PicTest, CascadesTheSecondChip) {
    pic_.set_line(9, true);
    ASSERT_TRUE(pic_.output());
    EXPECT_EQ(pic_.acknowledge(), 0x29);
    pic_.set_line(3, true);  // below the cascade input's priority
    EXPECT_FALSE(pic_.output());
    out(0xa0, 0x20);
    EXPECT_FALSE(pic_.output());
    out(0x20, 0x20);
    EXPECT_TRUE(pic_.output());
}

TEST_F(PicTest, ALineThatGoesAwayIsSpurious) {
    pic_.set_line(5, true);
    pic_.set_line(5, false);
    EXPECT_FALSE(pic_.output());
    EXPECT_EQ(pic_.acknowledge(), 0x27);
    out(0x20, 0x0b);
    EXPECT_EQ(in(0x20), 0) << "nothing is in service";
}

TEST_F(PicTest, MaskedLinesWaitUntilUnmasked) {
    out(0x21, 0x10);
    EXPECT_EQ(in(0x21), 0x10);
    pic_.set_line(4, true);
    EXPECT_FALSE(pic_.output());
    out(0x21, 0);
    EXPECT_TRUE(pic_.output());
}

TEST_F(PicTest, ReadsRequestAndServiceRegisters) {
    pic_.set_line(4, true);
    pic_.set_line(6, true);
    out(0x20, 0x0a);
    EXPECT_EQ(in(0x20), 0x50);
    pic_.acknowledge();
    EXPECT_EQ(in(0x20), 0x40);
    out(0x20, 0x0b);
    EXPECT_EQ(in(0x20), 0x10);
}

TEST_F(PicTest, AutomaticEndKeepsNothingInService) {
    initialise(0x03);
    pic_.set_line(4, true);
    pic_.acknowledge();
    pulse(4);
    EXPECT_TRUE(pic_.output());
}

TEST_F(PicTest, RotationMakesTheServedLineTheLowest) {
    pic_.set_line(4, true);
    pic_.acknowledge();
    out(0x20, 0xa0);  // rotate on non-specific end
    pulse(4);
    pic_.set_line(6, true);
    EXPECT_EQ(pic_.acknowledge(), 0x26);
}

TEST_F(PicTest, LevelTriggeredLinesComeAgainWhileHigh) {
    out(0x4d0, 0x20);
    EXPECT_EQ(in(0x4d0), 0x20);
    pic_.set_line(5, true);
    EXPECT_EQ(pic_.acknowledge(), 0x25);
    out(0x20, 0x20);
    EXPECT_TRUE(pic_.output());
    pic_.set_line(5, false);
    EXPECT_FALSE(pic_.output());
}

TEST_F(PicTest, PollAcknowledgesByReading) {
    pic_.set_line(3, true);
    out(0x20, 0x0c);
    EXPECT_EQ(in(0x20), 0x83);
    out(0x20, 0x0c);
    EXPECT_EQ(in(0x20), 0x00);
}

}  // namespace
}  // namespace ringfence::sim::devices
