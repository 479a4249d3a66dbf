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

class Answers final : public memory::ByteSource {
public:
    [[nodiscard]] bool available() override { return next < text.size(); }
    u8 take() override { return static_cast<u8>(text[next++]); }
    std::string text;
    usize next = 0;
};

class Marks final : public observe::Observer {
public:
    void mark(u32 value) override { values.push_back(value); }
    std::vector<u32> values;
};

class PlatformTest : public ::testing::Test {
protected:
    PlatformTest() {
        PlatformOptions options{.core_hz = 1'000'000'000,
                                .ram_bytes = 16 * mib,
                                .local_apic = ApicFeatures{.timer_hz = 25'000'000},
                                .start_seconds = 1'577'836'800,
                                .test_device = true,
                                .serial = {},
                                .channel = {.sink = &channel_, .source = &answers_}};
        recorder_.add(marks_);
        for (unsigned i = 0; i < lines_.size(); ++i) {
            options.serial[i].sink = &lines_[i];
        }
        platform_ = std::make_unique<Platform>(options, memory_, recorder_);
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
    void program_io_apic(unsigned pin, u32 low) {
        memory_.write<u32>(PhysicalAddress{0xfec0'0000}, 0x10 + 2 * pin);
        memory_.write<u32>(PhysicalAddress{0xfec0'0010}, low);
    }
    void end_interrupt() { memory_.write<u32>(PhysicalAddress{0xfee0'00b0}, 0); }
    void initialise_pics() {
        for (const auto& [port, value] :
             {std::pair<u16, u8>{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}, {0x21, 0}}) {
            out(port, value);
        }
    }

    memory::PhysicalMemory memory_ = make_memory();
    std::array<Line, 4> lines_;
    Line channel_;
    Answers answers_;
    Marks marks_;
    observe::Recorder recorder_;
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

TEST_F(PlatformTest, TheTimerIsTheIoApicsInput2) {
    program_io_apic(2, 0x51);
    for (const auto& [port, value] : {std::pair<u16, u8>{0x43, 0x34}, {0x40, 100}, {0x40, 0}}) {
        out(port, value);
    }
    platform_->clock().now = platform_->clock().next_event;
    platform_->run_events();
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x51);
    end_interrupt();
    EXPECT_FALSE(platform_->pins().interrupt) << "an edge";
}

TEST_F(PlatformTest, ALevelReachesTheProcessorUntilItsCauseIsGone) {
    program_io_apic(4, 0x8052);
    out(0x3f9, 0x02);
    out(0x3fc, 0x08);
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x52);
    EXPECT_FALSE(platform_->pins().interrupt);
    end_interrupt();
    ASSERT_TRUE(platform_->pins().interrupt) << "COM1 still asks";
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x52);
    in(0x3fa);
    end_interrupt();
    EXPECT_FALSE(platform_->pins().interrupt);
}

TEST_F(PlatformTest, ALevelWaitsForAnApicThatSoftwareDisabled) {
    memory_.write<u32>(PhysicalAddress{0xfee0'00f0}, 0xff);
    program_io_apic(4, 0x8052);
    out(0x3f9, 0x02);
    out(0x3fc, 0x08);
    EXPECT_FALSE(platform_->pins().interrupt);
    memory_.write<u32>(PhysicalAddress{0xfee0'00f0}, 0x1ff);
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x52);
}

TEST_F(PlatformTest, ThePicComesThroughTheIoApicWhereItIsAsked) {
    initialise_pics();
    memory_.write<u32>(PhysicalAddress{0xfee0'0350}, 0x10700);  // LINT0 masked
    out(0x3f9, 0x02);
    out(0x3fc, 0x08);
    EXPECT_FALSE(platform_->pins().interrupt);
    program_io_apic(0, 0x700);
    ASSERT_TRUE(platform_->pins().interrupt);
    EXPECT_EQ(platform_->acknowledge_interrupt(), 0x24);
}

TEST_F(PlatformTest, WithoutALocalApicThe8259sAreDirect) {
    auto memory = make_memory();
    observe::Recorder recorder;
    Platform bare{PlatformOptions{.core_hz = 1'000'000'000}, memory, recorder};
    EXPECT_EQ(bare.read_register(0x1b), std::nullopt);
    EXPECT_FALSE(bare.write_register(0x1b, 0));
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0xfee0'0030}), ~u32{0});
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0xfec0'0010}), ~u32{0});
    bare.set_task_priority_class(9);
    EXPECT_EQ(bare.task_priority_class(), 9);
    for (const auto& [port, value] : {std::pair<u16, u8>{0x20, 0x11},
                                      {0x21, 0x20},
                                      {0x21, 4},
                                      {0x21, 1},
                                      {0x21, 0},
                                      {0x3f9, 0x02},
                                      {0x3fc, 0x08}}) {
        bare.write(port, 1, value);
    }
    ASSERT_TRUE(bare.pins().interrupt);
    EXPECT_EQ(bare.acknowledge_interrupt(), 0x24);
    bare.pulse_nmi();
    EXPECT_TRUE(bare.pins().non_maskable_interrupt);
    EXPECT_EQ(bare.read(0x2000, 1), 0xffU) << "no test device";
}

TEST_F(PlatformTest, NmisFromTheBoardComeThroughLint1) {
    platform_->pulse_nmi();
    EXPECT_TRUE(platform_->pins().non_maskable_interrupt);
    platform_->pins().non_maskable_interrupt = false;
    memory_.write<u32>(PhysicalAddress{0xfee0'0360}, 0x10400);
    platform_->pulse_nmi();
    EXPECT_FALSE(platform_->pins().non_maskable_interrupt);
}

TEST_F(PlatformTest, TheTestDeviceDrivesLinesAndKeepsBytes) {
    for (const unsigned line : {0U, 5U, 15U, 16U, 23U}) {
        const unsigned pin = line == 0 ? 2 : line;
        program_io_apic(pin, 0x60 + pin);
        out(static_cast<u16>(0x2000 + line), 0);
        out(static_cast<u16>(0x2000 + line), 7);
        ASSERT_TRUE(platform_->pins().interrupt || line == 0) << line;
        if (line != 0) {  // the timer holds line 0 high
            EXPECT_EQ(platform_->acknowledge_interrupt(), 0x60 + pin);
            end_interrupt();
        }
        out(static_cast<u16>(0x2000 + line), 0);
    }
    platform_->write(0xe0, 4, 0x1234'5678);
    EXPECT_EQ(platform_->read(0xe0, 4), 0x1234'5678U);
    EXPECT_EQ(platform_->read(0xe1, 2), 0x3456U);
    platform_->write(0xe4, 4, 0xffff'ffff);
    EXPECT_EQ(platform_->read(0xe0, 4), 0x1234'5678U);
    memory_.write<u64>(PhysicalAddress{0xff00'fff8}, 0x1122'3344'5566'7788);
    EXPECT_EQ(memory_.read<u16>(PhysicalAddress{0xff00'fffa}), 0x5566U);
}

TEST_F(PlatformTest, InitOfTheOnlyProcessorIsAReset) {
    memory_.write<u32>(PhysicalAddress{0xfee0'0310}, 0);
    memory_.write<u32>(PhysicalAddress{0xfee0'0300}, 0x4500);  // INIT
    EXPECT_TRUE(platform_->system_control().reset_requested());
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

TEST_F(PlatformTest, FirmwareConfigTellsTheSizeOfTheMachine) {
    const auto item = [&](u16 key, unsigned bytes) {
        platform_->write(0x510, 2, key);
        std::vector<u8> content;
        for (unsigned i = 0; i < bytes; ++i) {
            content.push_back(static_cast<u8>(platform_->read(0x511, 1)));
        }
        return content;
    };
    using Bytes = std::vector<u8>;
    EXPECT_EQ(item(0, 6), (Bytes{'Q', 'E', 'M', 'U', 0, 0}));
    EXPECT_EQ(item(1, 4), (Bytes{1, 0, 0, 0})) << "without DMA";
    EXPECT_EQ(item(3, 8), (Bytes{0, 0, 0, 1, 0, 0, 0, 0})) << "16 MiB";
    EXPECT_EQ(item(5, 2), (Bytes{1, 0}));
    EXPECT_EQ(item(15, 2), (Bytes{1, 0}));
    EXPECT_EQ(item(0x19, 4), (Bytes{0, 0, 0, 0})) << "no files";
    EXPECT_EQ(item(0x8001, 1), (Bytes{0}));
    platform_->write(0x511, 1, 5);
    EXPECT_EQ(item(5, 1), (Bytes{1})) << "a byte selects nothing and changes nothing";
    platform_->write(0x510, 2, 0);
    EXPECT_EQ(platform_->read(0x511, 1), 'Q') << "from the start again";
}

TEST_F(PlatformTest, DebugExitEndsTheMachineWithItsValue) {
    EXPECT_FALSE(platform_->system_control().debug_exit().has_value());
    platform_->write(0xf4, 4, 0x1234'5678);
    EXPECT_TRUE(platform_->pins().end);
    EXPECT_EQ(*platform_->system_control().debug_exit(), 0x1234'5678U);
}

TEST_F(PlatformTest, MarksAreSeenWithTheirValues) {
    platform_->write(0xf8, 4, 0x1234'5678);
    out(0xf8, 2);
    EXPECT_EQ(marks_.values, (std::vector<u32>{0x1234'5678, 2}));
    EXPECT_EQ(platform_->read(0xf8, 4), ~u32{0});
    EXPECT_FALSE(platform_->pins().end);
}

TEST_F(PlatformTest, TheChannelCarriesBytesOfAnyWidthBothWays) {
    platform_->write(0xfc, 4, 0x6463'6261);
    out(0xfc, 'e');
    EXPECT_EQ(channel_.text, "abcde");
    answers_.text = "12345";
    EXPECT_EQ(platform_->read(0xfc, 4), 0x3433'3231U);
    EXPECT_EQ(platform_->read(0xfc, 2), 0xff35U) << "all ones when nothing is left";
    EXPECT_EQ(in(0xfc), 0xff);
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
