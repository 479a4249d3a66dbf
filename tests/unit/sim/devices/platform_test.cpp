// SPDX-License-Identifier: MIT
// The devices wired together.
#include "sim/devices/platform.h"

#include <gtest/gtest.h>

#include <string>

namespace ringfence::sim::devices {
namespace {

class Line final : public memory::ByteSink {
public:
    void put(u8 byte) override { text.push_back(static_cast<char>(byte)); }
    std::string text;
};

class PlatformTest : public ::testing::Test {
protected:
    PlatformTest() {
        PlatformOptions options{.core_hz = 1'000'000'000,
                                .apic_timer_hz = 25'000'000,
                                .start_seconds = 1'577'836'800,
                                .serial = {}};
        for (unsigned i = 0; i < lines_.size(); ++i) {
            options.serial[i].sink = &lines_[i];
        }
        platform_ = std::make_unique<Platform>(options, memory_);
    }
    static memory::PhysicalMemory make_memory() {
        auto memory = memory::PhysicalMemory::create(16 * mib);
        EXPECT_TRUE(memory.ok());
        return std::move(memory).value();
    }
    void out(u16 port, u8 value) { platform_->write(port, 1, value); }
    u8 in(u16 port) { return static_cast<u8>(platform_->read(port, 1)); }
    u8 cmos(u8 index) {
        out(0x70, index);
        return in(0x71);
    }
    void initialise_pics() {
        for (const auto& [port, value] :
             {std::pair<u16, u8>{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}, {0x21, 0}}) {
            out(port, value);
        }
    }

    memory::PhysicalMemory memory_ = make_memory();
    std::array<Line, 4> lines_;
    std::unique_ptr<Platform> platform_;
};

TEST_F(PlatformTest, TheFourPortsReachTheirOwnLines) {
    const u16 ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    for (unsigned i = 0; i < 4; ++i) {
        out(ports[i], static_cast<u8>('a' + i));
    }
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(lines_[i].text, std::string(1, static_cast<char>('a' + i)));
    }
}

TEST_F(PlatformTest, UnmappedPortsReadAsAllOnes) {
    EXPECT_EQ(platform_->read(0xcf8, 4), ~u32{0});
    EXPECT_EQ(platform_->read(0x1234, 2), 0xffffU);
    platform_->write(0x1234, 4, 1);
    EXPECT_EQ(platform_->read(0xffff, 4) & 0xff, 0xffU) << "wraps without harm";
}

TEST_F(PlatformTest, TimerInterruptTravelsThroughThePicAndLint0) {
    initialise_pics();
    for (const auto& [port, value] : {std::pair<u16, u8>{0x43, 0x34}, {0x40, 100}, {0x40, 0}}) {
        out(port, value);
    }
    EXPECT_FALSE(platform_->pins().interrupt);
    ASSERT_NE(platform_->clock().next_event, ~u64{0});
    platform_->clock().now = platform_->clock().next_event;
    platform_->run_events();
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x20);
    EXPECT_FALSE(platform_->pins().interrupt);
}

TEST_F(PlatformTest, TheApicIsAtItsAddressAndComesBeforeThePic) {
    initialise_pics();
    memory_.write<u32>(PhysicalAddress{0xfee0'00f0}, 0x1ff);
    out(0x2f9, 0x02);  // COM2's transmitter interrupt: line 3
    out(0x2fc, 0x08);
    memory_.write<u32>(PhysicalAddress{0xfee0'0300}, 0x40055);
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x55);
    EXPECT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x23);
}

TEST_F(PlatformTest, PortsOnOneLineShareIt) {
    initialise_pics();
    out(0x3f9, 0x02);
    out(0x3fc, 0x08);
    out(0x3e9, 0x02);
    out(0x3ec, 0x08);
    EXPECT_TRUE(platform_->pins().interrupt);
    in(0x3fa);  // COM1's cause is gone, COM3's is not
    EXPECT_TRUE(platform_->pins().interrupt);
    in(0x3ea);
    EXPECT_FALSE(platform_->pins().interrupt);
}

TEST_F(PlatformTest, DebugExitEndsTheMachineWithItsValue) {
    EXPECT_FALSE(platform_->system_control().debug_exit().has_value());
    platform_->write(0xf4, 4, 0x1234'5678);
    EXPECT_TRUE(platform_->pins().end);
    EXPECT_EQ(*platform_->system_control().debug_exit(), 0x1234'5678U);
}

TEST_F(PlatformTest, EveryWayToResetIsSeen) {
    for (const auto& [port, value] : {std::pair<u16, u8>{0x92, 1}, {0xcf9, 6}, {0x64, 0xfe}}) {
        memory::InterruptPins pins;
        SystemControl control{pins};
        control.port_write(port, static_cast<u8>(value & 2));
        EXPECT_FALSE(control.reset_requested()) << port;
        control.port_write(port, value);
        EXPECT_TRUE(control.reset_requested()) << port;
        EXPECT_TRUE(pins.end);
    }
}

TEST_F(PlatformTest, ClockShowsGuestTimeFromTheFixedStart) {
    EXPECT_EQ(cmos(0x0a) & 0x80, 0) << "no update in progress";
    EXPECT_EQ(cmos(0x00), 0x00);
    EXPECT_EQ(cmos(0x07), 0x01);
    EXPECT_EQ(cmos(0x08), 0x01);
    EXPECT_EQ(cmos(0x09), 0x20);
    EXPECT_EQ(cmos(0x32), 0x20);
    EXPECT_EQ(cmos(0x06), 4) << "1 January 2020 was a Wednesday";
    platform_->clock().now = 1'000'000'000ULL * (31 * 86400 + 13 * 3600 + 59 * 60 + 58);
    EXPECT_EQ(cmos(0x00), 0x58);
    EXPECT_EQ(cmos(0x02), 0x59);
    EXPECT_EQ(cmos(0x04), 0x13);
    EXPECT_EQ(cmos(0x08), 0x02);
    out(0x70, 0x0b);
    out(0x71, 0x06);  // binary
    EXPECT_EQ(cmos(0x00), 58);
}

}  // namespace
}  // namespace ringfence::sim::devices
