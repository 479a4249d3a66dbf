// SPDX-License-Identifier: MIT
#include "sim/devices/uart.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace ringfence::sim::devices {
namespace {

class Ends final : public memory::ByteSink, public memory::ByteSource {
public:
    void put(u8 byte) override { sent.push_back(static_cast<char>(byte)); }
    bool available() override { return !input.empty(); }
    u8 take() override {
        const u8 byte = input.front();
        input.pop_front();
        return byte;
    }
    std::string sent;
    std::deque<u8> input;
};

class UartTest : public ::testing::Test, private InterruptLineListener {
protected:
    void SetUp() override { uart_.attach(ports_); }
    void line_changed(unsigned, bool high) override { line_ = high; }
    void out(unsigned offset, u8 value) {
        ports_.write(static_cast<u16>(0x3f8 + offset), 1, value);
    }
    u8 in(unsigned offset) {
        return static_cast<u8>(ports_.read(static_cast<u16>(0x3f8 + offset), 1));
    }

    Ends ends_;
    PortSpace ports_;
    InterruptLines lines_{*this};
    Uart uart_{0x3f8, InterruptLine{lines_, 4, 1}, {&ends_, &ends_}};
    bool line_ = false;
};

TEST_F(UartTest, SendsEveryByteValueUnchanged) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        EXPECT_EQ(in(5) & 0x60, 0x60) << "the transmitter is empty";
        out(0, static_cast<u8>(byte));
    }
    ASSERT_EQ(ends_.sent.size(), 256U);
    for (unsigned byte = 0; byte < 256; ++byte) {
        EXPECT_EQ(static_cast<u8>(ends_.sent[byte]), byte);
    }
}

TEST_F(UartTest, ReceivesWhatTheSourceHas) {
    EXPECT_EQ(in(5) & 1, 0);
    ends_.input = {'o', 'k'};
    EXPECT_EQ(in(5) & 1, 1);
    EXPECT_EQ(in(0), 'o');
    EXPECT_EQ(in(0), 'k');
    EXPECT_EQ(in(5) & 1, 0);
    EXPECT_EQ(in(0), 0) << "nothing there";
}

TEST_F(UartTest, DivisorLatchHidesDataAndInterruptEnable) {
    out(3, 0x80);
    out(0, 1);
    out(1, 2);
    EXPECT_EQ(in(0), 1);
    EXPECT_EQ(in(1), 2);
    EXPECT_TRUE(ends_.sent.empty());
    out(3, 0x03);
    EXPECT_EQ(in(1), 0) << "the interrupt enable register was not written";
    EXPECT_EQ(in(3), 0x03);
}

TEST_F(UartTest, ReceiverInterruptFollowsTheData) {
    out(4, 0x08);  // OUT2 connects the line
    out(1, 0x01);
    EXPECT_FALSE(line_);
    ends_.input = {'x'};
    uart_.poll();
    EXPECT_TRUE(line_);
    EXPECT_EQ(in(2) & 0x0f, 4);
    in(0);
    EXPECT_FALSE(line_);
    EXPECT_EQ(in(2) & 0x0f, 1);
}

TEST_F(UartTest, TransmitterInterruptIsClearedByReadingItsCause) {
    out(4, 0x08);
    out(1, 0x02);
    EXPECT_TRUE(line_) << "it is empty at once";
    EXPECT_EQ(in(2) & 0x0f, 2);
    EXPECT_FALSE(line_);
    out(0, 'a');
    EXPECT_TRUE(line_);
}

TEST_F(UartTest, NoInterruptWithoutOut2) {
    out(1, 0x02);
    EXPECT_FALSE(line_);
    EXPECT_EQ(in(2) & 0x0f, 2) << "but the cause is there";
}

TEST_F(UartTest, FifoIsReportedWhileEnabled) {
    EXPECT_EQ(in(2) & 0xc0, 0);
    out(2, 0x01);
    EXPECT_EQ(in(2) & 0xc0, 0xc0);
}

TEST_F(UartTest, ScratchRegisterKeepsItsByte) {
    out(7, 0xa5);
    EXPECT_EQ(in(7), 0xa5);
}

TEST_F(UartTest, LoopbackReturnsBytesAndModemLines) {
    out(2, 0x01);
    out(4, 0x1a);  // loop, OUT2, RTS: what Linux's probe writes
    EXPECT_EQ(in(6) & 0xf0, 0x90);
    for (const u8 byte : {u8{1}, u8{2}, u8{3}}) {
        out(0, byte);
    }
    EXPECT_TRUE(ends_.sent.empty());
    EXPECT_EQ(in(0), 1);
    EXPECT_EQ(in(0), 2);
    EXPECT_EQ(in(0), 3);
    for (unsigned i = 0; i < 17; ++i) {
        out(0, static_cast<u8>(i));
    }
    EXPECT_EQ(in(5) & 0x02, 0x02) << "the seventeenth overran the FIFO";
    EXPECT_EQ(in(5) & 0x02, 0) << "reading clears it";
}

}  // namespace
}  // namespace ringfence::sim::devices
