// SPDX-License-Identifier: MIT
#include "lab/boot/console_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace ringfence::lab::boot {
namespace {

using sim::machine::IdleMoment;
using std::chrono::nanoseconds;

constexpr u64 hz = 1000;
constexpr u64 second = hz;

/// Has what the test puts there; waiting takes no time on the host.
class FakeFeed final : public terminal::InputFeed {
public:
    State read(std::string& bytes) override {
        if (!now.empty()) {
            bytes += now.front();
            now.pop_front();
            return State::Given;
        }
        return ends ? State::Ended : State::Nothing;
    }
    [[nodiscard]] bool is_terminal() const override { return terminal; }
    nanoseconds wait(nanoseconds time) override {
        waits.push_back(time);
        if (!later.empty()) {
            now.push_back(later);
            later.clear();
            return std::min(time, nanoseconds(std::chrono::milliseconds(500)));
        }
        return time;
    }

    std::deque<std::string> now;  ///< there already, as pieces of a read each
    std::string later;            ///< comes half a second into the next wait
    bool ends = true;             ///< after `now`
    bool terminal = false;
    std::vector<nanoseconds> waits;
};

class ConsoleInputTest : public ::testing::Test {
protected:
    /// The guest halts, listening, `cycles` before its next event. Answers how many pass.
    u64 halt(u64 cycles, bool listening = true) {
        const u64 passed = input.halted({.now = now, .cycles = cycles, .listening = {listening}});
        now += std::min(passed, cycles);
        return passed;
    }
    /// Lets the guest wait, in steps, until it is given something or `cycles` have passed.
    std::string wait_for_input(u64 cycles = 10 * second) {
        const u64 end = now + cycles;
        while (now < end && !input.available()) {
            halt(second / 10);
        }
        return take_all();
    }
    std::string take_all() {
        std::string taken;
        while (input.available()) {
            taken += static_cast<char>(input.take());
        }
        return taken;
    }

    FakeFeed feed;
    machine::StopRequest stop;
    ConsoleInput input{feed, stop, hz};
    u64 now = 0;
};

TEST_F(ConsoleInputTest, GivesALineToAGuestThatHasWaitedInSilence) {
    feed.now = {"one\ntwo\nthr", "ee\n"};
    EXPECT_FALSE(input.available());
    EXPECT_EQ(halt(5 * second), 2 * second) << "it is asked again after two seconds";
    EXPECT_EQ(halt(3 * second), 0U);
    EXPECT_EQ(take_all(), "one\n");
    EXPECT_EQ(wait_for_input(), "two\n");
    EXPECT_EQ(wait_for_input(), "three\n");
    EXPECT_TRUE(feed.waits.empty()) << "nothing depends on the host";
}

TEST_F(ConsoleInputTest, OutputStartsTheSilenceAnew) {
    feed.now = {"a\n"};
    EXPECT_EQ(halt(second), second);
    input.output_seen();
    EXPECT_EQ(halt(second), second);
    EXPECT_EQ(halt(second / 2), second / 2);
    EXPECT_EQ(halt(second), second / 2);
    EXPECT_EQ(halt(second), 0U);
    EXPECT_EQ(take_all(), "a\n");
}

TEST_F(ConsoleInputTest, AGuestThatDoesNotListenGetsNothing) {
    feed.now = {"a\n"};
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(halt(second, false), second);
    }
    EXPECT_FALSE(input.available());
    EXPECT_EQ(wait_for_input(), "a\n");
}

TEST_F(ConsoleInputTest, NothingMoreIsGivenWhileSomethingIsNotTaken) {
    feed.now = {"a\nb\n"};
    while (halt(second) != 0) {
    }
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(halt(second), second);
    }
    EXPECT_EQ(take_all(), "a\n");
}

TEST_F(ConsoleInputTest, TheEndIsToldAgainAndAgainButNotForEver) {
    feed.now = {"a"};
    EXPECT_EQ(wait_for_input(), "a");
    for (int i = 0; i < 16; ++i) {
        EXPECT_FALSE(input.waits_in_vain());
        EXPECT_EQ(wait_for_input(), "\x04");
    }
    EXPECT_EQ(wait_for_input(100 * second), "");
    EXPECT_TRUE(input.waits_in_vain());
}

TEST_F(ConsoleInputTest, LongLinesComeInPieces) {
    feed.now = {std::string(3000, 'x') + "\ny\n"};
    std::vector<usize> sizes;
    for (int i = 0; i < 4; ++i) {
        sizes.push_back(wait_for_input().size());
    }
    EXPECT_EQ(sizes, (std::vector<usize>{1024, 1024, 953, 2}));
}

TEST_F(ConsoleInputTest, APollingGuestIsGivenInputAfterManyLooks) {
    feed.now = {"key\n"};
    int looks = 0;
    while (!input.available() && looks < 5000) {
        if (++looks == 500) {
            input.output_seen();  // it does something else in between
        }
    }
    EXPECT_EQ(looks, 1499);
    EXPECT_EQ(take_all(), "key\n");
}

TEST_F(ConsoleInputTest, WhileMoreMayComeTimePassesAsOnTheHost) {
    feed.ends = false;
    EXPECT_EQ(halt(3 * second), 3 * second);
    ASSERT_EQ(feed.waits.size(), 1U);
    EXPECT_EQ(feed.waits[0], std::chrono::seconds(3));
    feed.later = "now\n";
    EXPECT_EQ(halt(3 * second), second / 2);
    EXPECT_EQ(take_all(), "now\n") << "an answer is given at once";
    EXPECT_EQ(halt(IdleMoment::never), 3600 * second)
        << "no timer: an hour, then it is asked again";
}

TEST_F(ConsoleInputTest, APersonsKeysCountAsTheyCome) {
    feed.terminal = true;
    feed.ends = false;
    feed.now = {"ab"};
    EXPECT_TRUE(input.running());
    EXPECT_EQ(take_all(), "ab");
    EXPECT_FALSE(input.running());
    feed.later = "c";
    EXPECT_EQ(halt(3 * second), second / 2);
    EXPECT_EQ(take_all(), "c");
}

TEST_F(ConsoleInputTest, ControlAIsOurs) {
    feed.terminal = true;
    feed.ends = false;
    feed.now = {"a\x01",
                "\x01"
                "b\x01zc"};
    input.running();
    input.running();
    EXPECT_EQ(take_all(),
              "a\x01"
              "bc")
        << "twice it is the guest's; other letters mean nothing";
    EXPECT_FALSE(stop.requested());
    feed.now = {"\x01x"};
    input.running();
    EXPECT_EQ(stop.reason(), machine::StopReason::Left);
    EXPECT_EQ(take_all(), "");
}

TEST_F(ConsoleInputTest, InAPipeControlAIsAnyByte) {
    feed.now = {"\x01x\n"};
    EXPECT_FALSE(input.running()) << "only a person is looked for while the guest runs";
    EXPECT_EQ(wait_for_input(), "\x01x\n");
    EXPECT_FALSE(stop.requested());
}

}  // namespace
}  // namespace ringfence::lab::boot
