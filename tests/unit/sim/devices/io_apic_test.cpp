// SPDX-License-Identifier: MIT
#include "sim/devices/io_apic.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringfence::sim::devices {
namespace {

using arch::x86::ApicDeliveryMode;

constexpr u32 masked = 0x1'0000;
constexpr u32 level = 0x8000;
constexpr u32 active_low = 0x2000;
constexpr u32 remote_irr = 0x4000;

class IoApicTest : public ::testing::Test, public IoApicOutputs {
protected:
    bool send_message(const InterruptMessage& message) override {
        sent_.push_back(message);
        return takes_;
    }
    void interrupts_changed() override { ++changes_; }

    u32 read(u8 index) {
        apic_.mmio_write(0x00, 4, index);
        return static_cast<u32>(apic_.mmio_read(0x10, 4));
    }
    void write(u8 index, u32 value) {
        apic_.mmio_write(0x00, 4, index);
        apic_.mmio_write(0x10, 4, value);
    }
    void program(unsigned pin, u32 low, u32 high = 0) {
        write(static_cast<u8>(0x11 + 2 * pin), high);
        write(static_cast<u8>(0x10 + 2 * pin), low);
    }
    u32 low_half(unsigned pin) { return read(static_cast<u8>(0x10 + 2 * pin)); }
    void pulse(unsigned pin) {
        apic_.set_pin(pin, true);
        apic_.set_pin(pin, false);
    }

    IoApic apic_{*this};
    std::vector<InterruptMessage> sent_;
    bool takes_ = true;
    unsigned changes_ = 0;
};

TEST_F(IoApicTest, IdentifiesItself) {
    EXPECT_EQ(read(1), 0x0017'0020U);
    write(1, 0);
    EXPECT_EQ(read(1), 0x0017'0020U) << "read-only";
    write(0, ~u32{0});
    EXPECT_EQ(read(0), 0x0f00'0000U);
    EXPECT_EQ(read(2), 0x0f00'0000U) << "arbitration follows the ID";
    write(2, 0);
    EXPECT_EQ(read(2), 0x0f00'0000U);
    apic_.mmio_write(0x00, 4, 0x1234);
    EXPECT_EQ(apic_.mmio_read(0x00, 4), 0x34U);
    EXPECT_EQ(read(3), 0U);
    EXPECT_EQ(read(0x40), 0U) << "behind the last entry";
    write(0x40, 1);
    EXPECT_EQ(apic_.mmio_read(0x20, 4), 0U);
}

TEST_F(IoApicTest, EntriesKeepTheirBits) {
    for (unsigned pin = 0; pin < IoApic::pin_count; ++pin) {
        EXPECT_EQ(low_half(pin), masked);
        program(pin, ~u32{0}, ~u32{0});
        EXPECT_EQ(low_half(pin), 0x1'afffU);
        EXPECT_EQ(read(static_cast<u8>(0x11 + 2 * pin)), 0xff00'0000U);
    }
    EXPECT_TRUE(sent_.empty());
}

TEST_F(IoApicTest, AnEdgeIsSentAsItsEntrySays) {
    program(14, 0x0977, 0x0300'0000);  // logical, lowest priority
    pulse(14);
    ASSERT_EQ(sent_.size(), 1U);
    EXPECT_EQ(sent_[0].vector, 0x77);
    EXPECT_EQ(sent_[0].destination, 3U);
    EXPECT_TRUE(sent_[0].logical);
    EXPECT_EQ(sent_[0].mode, ApicDeliveryMode::LowestPriority);
    EXPECT_FALSE(sent_[0].level);
    EXPECT_EQ(low_half(14), 0x0977U);
    program(14, 0x78, 0xff00'0000);
    pulse(14);
    EXPECT_EQ(sent_[1].destination, InterruptMessage::broadcast);
}

TEST_F(IoApicTest, MaskedEdgesAreLost) {
    program(14, masked | 0x77);
    apic_.set_pin(14, true);
    program(14, 0x77);
    EXPECT_TRUE(sent_.empty());
    apic_.set_pin(14, false);
    apic_.set_pin(14, true);
    EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(IoApicTest, PolarityTurnsTheInputAround) {
    program(14, active_low | 0x77);
    apic_.set_pin(14, true);
    EXPECT_TRUE(sent_.empty());
    apic_.set_pin(14, false);
    EXPECT_EQ(sent_.size(), 1U);
    program(15, level | active_low | 0x78);
    EXPECT_EQ(sent_.size(), 2U) << "low is asserted";
}

TEST_F(IoApicTest, ALevelIsSentAgainAfterItsEnd) {
    program(10, level | 0x77);
    apic_.set_pin(10, true);
    ASSERT_EQ(sent_.size(), 1U);
    EXPECT_TRUE(sent_[0].level);
    EXPECT_EQ(low_half(10), level | remote_irr | 0x77);
    apic_.set_pin(10, false);
    apic_.set_pin(10, true);
    EXPECT_EQ(sent_.size(), 1U) << "the first has not ended";
    apic_.end_of_interrupt(0x78);
    EXPECT_EQ(sent_.size(), 1U) << "another vector's end";
    apic_.end_of_interrupt(0x77);
    EXPECT_EQ(sent_.size(), 2U) << "still high";
    apic_.set_pin(10, false);
    apic_.mmio_write(0x40, 4, 0x77);
    EXPECT_EQ(low_half(10), level | 0x77);
    EXPECT_EQ(sent_.size(), 2U);
}

TEST_F(IoApicTest, AMaskedLevelWaits) {
    program(10, masked | level | 0x77);
    apic_.set_pin(10, true);
    EXPECT_TRUE(sent_.empty());
    program(10, level | 0x77);
    EXPECT_EQ(sent_.size(), 1U);
    program(10, masked | level | 0x77);
    EXPECT_EQ(low_half(10), masked | level | remote_irr | 0x77) << "accepted, all the same";
    apic_.end_of_interrupt(0x77);
    EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(IoApicTest, EdgeTriggeringForgetsWhatWasAccepted) {
    program(10, level | 0x77);
    apic_.set_pin(10, true);
    program(10, masked | 0x77);
    EXPECT_EQ(low_half(10), masked | 0x77);
    program(10, level | 0x77);
    EXPECT_EQ(sent_.size(), 2U) << "the level is new";
}

TEST_F(IoApicTest, WhatNobodyTakesIsSentAgain) {
    takes_ = false;
    program(10, level | 0x77);
    program(11, level | 0x78);
    apic_.set_pin(10, true);
    apic_.set_pin(11, true);
    EXPECT_EQ(low_half(10), level | 0x77);
    apic_.set_pin(11, false);
    takes_ = true;
    sent_.clear();
    apic_.send_refused();
    ASSERT_EQ(sent_.size(), 1U) << "only what is still asserted";
    EXPECT_EQ(sent_[0].vector, 0x77);
    apic_.send_refused();
    EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(IoApicTest, OnlyVectorsHaveLevels) {
    program(10, level | 0x400);  // NMI
    apic_.set_pin(10, true);
    ASSERT_EQ(sent_.size(), 1U);
    EXPECT_FALSE(sent_[0].level);
    EXPECT_EQ(low_half(10), level | 0x400);
}

TEST_F(IoApicTest, PassesThePicAtInput0) {
    EXPECT_FALSE(apic_.passes_external());
    program(0, 0x700);
    EXPECT_TRUE(apic_.passes_external());
    program(0, masked | 0x700);
    EXPECT_FALSE(apic_.passes_external());
}

}  // namespace
}  // namespace ringfence::sim::devices
