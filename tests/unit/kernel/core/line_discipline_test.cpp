// SPDX-License-Identifier: MIT
// A line discipline between a typist and a wire of a few bytes: what waits for room, in which
// order, what is lost, and lines that go around the end of the buffer.
#include "kernel/core/terminal/line_discipline.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "kernel/core/signal/signal_numbers.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

class Wire final : public TerminalPort {
public:
    [[nodiscard]] u64 room() const override { return space - sent.size(); }
    void send(std::span<const u8> bytes) override {
        ASSERT_LE(bytes.size(), room());
        sent.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void signal_foreground(u32 number) override { signals.push_back(number); }
    void flow_changed(bool stopped) override { flow += stopped ? 's' : 'g'; }
    void input_discarded() override { ++discarded; }
    void output_discarded() override {}

    std::string take() { return std::exchange(sent, {}); }

    u64 space = 65536;
    std::string sent;
    std::string flow;
    std::vector<u32> signals;
    int discarded = 0;
};

class LineDisciplineTest : public KernelTest {
protected:
    bool type(const std::string& text) {
        for (const char byte : text) {
            if (!discipline.receive(static_cast<u8>(byte))) {
                return false;
            }
        }
        return true;
    }
    std::string read(u64 most = 65536) {
        std::string bytes(most, '\0');
        const auto count = discipline.read(
            IoDestination(std::span<u8>(reinterpret_cast<u8*>(bytes.data()), bytes.size())));
        bytes.resize(count.value());
        return bytes;
    }
    u64 write(const std::string& text) {
        return discipline.write({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    void without_lines() {
        TerminalSettings raw = discipline.settings();
        raw.local = 0;
        discipline.set_settings(raw);
    }

    Wire wire;
    LineDiscipline discipline{wire};
};

TEST_F(LineDisciplineTest, echoes_that_wait_for_room_come_before_what_is_written_later) {
    wire.space = 10;
    EXPECT_EQ(write("12"), 2U);
    EXPECT_TRUE(type("abcdefghij"));
    EXPECT_EQ(write("3"), 0U);
    EXPECT_EQ(wire.take(), "12abcdefgh");
    EXPECT_FALSE(discipline.has_room());
    EXPECT_EQ(write("3"), 1U);
    EXPECT_EQ(wire.take(), "ij3");
}

TEST_F(LineDisciplineTest, no_expansion_is_cut_in_two) {
    wire.space = 9;
    EXPECT_EQ(write("\n\n\n\n\n"), 1U);
    EXPECT_EQ(wire.take(), "\r\n");
    EXPECT_EQ(write("\n\n\n\n"), 1U);
}

TEST_F(LineDisciplineTest, echoes_wait_while_output_is_stopped) {
    EXPECT_TRUE(
        type("\x13"
             "ab\n"));
    EXPECT_FALSE(discipline.has_room());
    EXPECT_EQ(wire.take(), "");
    EXPECT_EQ(read(), "ab\n");
    EXPECT_TRUE(type("\x11"));
    EXPECT_EQ(wire.take(), "ab\r\n");
    EXPECT_EQ(wire.flow, "sg");
}

TEST_F(LineDisciplineTest, a_line_that_fills_the_buffer_loses_its_last_byte) {
    EXPECT_TRUE(type(std::string(2 * LineBuffer::capacity, 'x') + "yz"));
    EXPECT_FALSE(discipline.readable());
    EXPECT_TRUE(type("\n"));
    EXPECT_EQ(read(), std::string(LineBuffer::capacity - 1, 'x') + "\n");
    EXPECT_TRUE(type("next\n"));
    EXPECT_EQ(read(), "next\n");
}

TEST_F(LineDisciplineTest, behind_a_line_the_typist_waits) {
    EXPECT_TRUE(type("line\n"));
    EXPECT_FALSE(type(std::string(LineBuffer::capacity, 'x')));
    EXPECT_EQ(read(), "line\n");
    EXPECT_TRUE(type("x"));
}

TEST_F(LineDisciplineTest, without_lines_the_typist_waits_and_nothing_is_lost) {
    without_lines();
    std::string typed;
    while (type("x")) {
        typed += 'x';
    }
    EXPECT_EQ(read(), typed);
    EXPECT_TRUE(type("y"));
    EXPECT_EQ(read(), "y");
}

TEST_F(LineDisciplineTest, an_interrupt_throws_input_away_unless_it_shall_not) {
    EXPECT_TRUE(type("line\nmore\x03"));
    EXPECT_FALSE(discipline.readable());
    EXPECT_EQ(wire.discarded, 1);
    TerminalSettings settings = discipline.settings();
    settings.local |= local_modes::NoFlush::mask;
    discipline.set_settings(settings);
    EXPECT_TRUE(type("line\nmore\x1a"));
    EXPECT_EQ(read(), "line\n");
    EXPECT_EQ(wire.signals, (std::vector<u32>{signals::interrupt, signals::terminal_stop}));
}

TEST_F(LineDisciplineTest, lines_survive_a_change_of_modes) {
    EXPECT_TRUE(type("one\ntwo\nthr"));
    EXPECT_EQ(read(2), "on");
    without_lines();
    EXPECT_EQ(read(3), "e\nt");
    TerminalSettings settings = discipline.settings();
    settings.local |= local_modes::Canonical::mask;
    discipline.set_settings(settings);
    EXPECT_EQ(read(), "wo\nthr");
    EXPECT_FALSE(discipline.readable());
}

RC_GTEST_FIXTURE_PROP(LineDisciplineTest, editing_is_as_on_paper, ()) {
    // Many short lines: the buffer's end is passed several times.
    const auto keys = *rc::gen::container<std::string>(
        3000, rc::gen::weightedOneOf<char>({{12, rc::gen::inRange('a', 'f')},
                                            {4, rc::gen::just('\x7f')},
                                            {1, rc::gen::just('\x15')},
                                            {3, rc::gen::just('\n')}}));
    std::string line;
    std::string expected;
    std::string actual;
    for (const char key : keys) {
        RC_ASSERT(discipline.receive(static_cast<u8>(key)));
        if (key == '\x7f') {
            line.resize(line.empty() ? 0 : line.size() - 1);
        } else if (key == '\x15') {
            line.clear();
        } else {
            line += key;
        }
        if (key == '\n') {
            expected += std::exchange(line, {});
            actual += read();
        }
        wire.sent.clear();
    }
    RC_ASSERT(actual == expected);
}

}  // namespace
}  // namespace ringfence::kernel::testing
