// SPDX-License-Identifier: MIT
// What each packet asks of a target, and what the answer to a packet that makes no sense is.
#include "lab/gdb/commands.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/gdb/packet.h"
#include "tests/unit/lab/gdb/fake_target.h"

namespace ringfence::lab::gdb {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using testing::FakeDebugger;
using testing::FakeTarget;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class GdbCommands : public ::testing::Test {
protected:
    std::string ask(std::string_view packet) { return commands.handle(packet).value(); }

    FakeTarget target;
    FakeDebugger debugger;
    Commands commands{target, debugger};
};

TEST_F(GdbCommands, SayWhatTheyCan) {
    const std::string can = ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    for (const char* feature : {"PacketSize=4000", "QStartNoAckMode+", "qXfer:features:read+",
                                "swbreak+", "hwbreak+", "ReverseStep+", "ReverseContinue+"}) {
        EXPECT_THAT(can, HasSubstr(feature));
    }
    target.why_no_reverse = "no history";
    EXPECT_THAT(ask("qSupported"), Not(HasSubstr("Reverse")));
    EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S");
}

TEST_F(GdbCommands, TurnAcknowledgementsOff) {
    EXPECT_FALSE(commands.without_acknowledgement());
    EXPECT_EQ(ask("QStartNoAckMode"), "OK");
    EXPECT_TRUE(commands.without_acknowledgement());
}

TEST_F(GdbCommands, KnowOneThread) {
    EXPECT_EQ(ask("qfThreadInfo"), "m1");
    EXPECT_EQ(ask("qsThreadInfo"), "l");
    EXPECT_EQ(ask("qC"), "QC1");
    EXPECT_EQ(ask("Hg0"), "OK");
    EXPECT_EQ(ask("Hc-1"), "OK");
    EXPECT_EQ(ask("T1"), "OK");
    EXPECT_EQ(ask("qAttached"), "1");
    EXPECT_EQ(ask("?"), "T05thread:01;");
}

TEST_F(GdbCommands, GiveTheDescriptionInPieces) {
    const std::string whole = RegisterLayout(true).description();
    std::string pieces;
    std::string piece;
    do {
        piece = ask(fmt::format("qXfer:features:read:target.xml:{:x},100", pieces.size()));
        pieces += piece.substr(1);
        ASSERT_EQ(piece.front() == 'm', pieces.size() < whole.size());
    } while (piece.front() == 'm');
    EXPECT_EQ(pieces, whole);
    EXPECT_EQ(ask("qXfer:features:read:target.xml:0,ffffffffffffffff").size(),
              1 + std::min(whole.size(), PacketReader::longest_packet / 2));
    EXPECT_EQ(ask("qXfer:features:read:target.xml:ffffffff,10"), "l");
    EXPECT_EQ(ask("qXfer:features:read:other.xml:0,10"), "E00");
}

TEST_F(GdbCommands, ReadAndWriteMemory) {
    EXPECT_EQ(ask("M10010,3:0a0B0c"), "OK");
    EXPECT_EQ(ask("m10010,4"), "0a0b0c00");
    EXPECT_EQ(ask("X10011,2:\x01\xff"), "OK");
    EXPECT_EQ(ask("m10010,3"), "0a01ff");
    EXPECT_EQ(ask("X10010,0:"), "OK") << "how a debugger asks whether X is known";
}

TEST_F(GdbCommands, ReadWhatIsThereUpToThePageThatIsNot) {
    EXPECT_EQ(ask("m1fffe,10"), "0000");
    EXPECT_EQ(ask("m1f000,ffffffff").size(), 2 * 0x1000U) << "cut to what a packet holds, at most";
    EXPECT_EQ(ask("m20000,1"), "E0e");
    EXPECT_EQ(ask("M1ffff,2:0102"), "E0e");
    EXPECT_EQ(ask("m1ffff,1"), "00") << "nothing was written";
    EXPECT_EQ(ask("mffffffffffffffff,2"), "E0e");
}

TEST_F(GdbCommands, ReachPhysicalMemoryAsQemuDoes) {
    target.memory[0x20] = 0x55;
    EXPECT_EQ(ask("qqemu.PhyMemMode"), "0");
    EXPECT_EQ(ask("m20,1"), "E0e");
    EXPECT_EQ(ask("Qqemu.PhyMemMode:1"), "OK");
    EXPECT_EQ(ask("qqemu.PhyMemMode"), "1");
    EXPECT_EQ(ask("m20,1"), "55");
    EXPECT_EQ(ask("Qqemu.PhyMemMode:2"), "E16");
    EXPECT_EQ(ask("Qqemu.PhyMemMode:0"), "OK");
    EXPECT_EQ(ask("m20,1"), "E0e");
}

TEST_F(GdbCommands, SetBreakpointsAndWatchpoints) {
    for (const char* packet : {"Z0,ffffffff80000000,1", "Z1,1234,1", "Z2,5000,8", "Z4,6000,4"}) {
        EXPECT_EQ(ask(packet), "OK");
    }
    EXPECT_EQ(ask("Z3,7000,1"), "E1c") << "the target has room for two";
    EXPECT_EQ(ask("Z2,5000,8"), "OK") << "the same one needs none";
    ask("c");
    EXPECT_THAT(target.stops.software, ElementsAre(0xffff'ffff'8000'0000));
    EXPECT_THAT(target.stops.hardware, ElementsAre(0x1234));
    EXPECT_THAT(target.stops.watches, ElementsAre(Watch{Watch::Kind::Write, 0x5000, 8},
                                                  Watch{Watch::Kind::Access, 0x6000, 4}));
    for (const char* packet : {"z0,ffffffff80000000,1", "z1,1234,1", "z2,5000,8", "z4,6000,4"}) {
        EXPECT_EQ(ask(packet), "OK");
    }
    ask("c");
    EXPECT_EQ(target.stops, Stops{});
}

TEST_F(GdbCommands, RunInEachWay) {
    for (const char* packet : {"c", "s", "vCont;c", "vCont;s:1;c", "vCont;S05:1", "bs", "bc"}) {
        EXPECT_THAT(ask(packet), StartsWith("T05thread:01;"));
    }
    EXPECT_THAT(target.motions,
                ElementsAre(Motion::Continue, Motion::Step, Motion::Continue, Motion::Step,
                            Motion::Step, Motion::ReverseStep, Motion::ReverseContinue));
    ask("c1234");
    EXPECT_EQ(target.now.rip, 0x1234U);
}

TEST_F(GdbCommands, DoNotRunBackwardWithoutAHistory) {
    target.why_no_reverse = "for a reason";
    EXPECT_EQ(ask("bs"), "E.cannot run backward: for a reason");
    EXPECT_EQ(ask("bc"), "E.cannot run backward: for a reason");
    EXPECT_TRUE(target.motions.empty());
}

TEST_F(GdbCommands, SayWhyARunStopped) {
    const auto after = [&](const Halt& halt) {
        target.next_halt = halt;
        const std::string reply = ask("c");
        EXPECT_EQ(ask("?"), reply);
        return reply;
    };
    using Kind = Halt::Kind;
    EXPECT_EQ(after({.kind = Kind::Interrupted}), "T02thread:01;");
    EXPECT_EQ(after({.kind = Kind::HistoryBegin}), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(after({.kind = Kind::HistoryEnd}), "T05thread:01;replaylog:end;");
    EXPECT_EQ(after({.kind = Kind::Watchpoint, .watch = {Watch::Kind::Read, 0xabc, 4}}),
              "T05thread:01;rwatch:abc;");
    EXPECT_EQ(after({.kind = Kind::Watchpoint, .watch = {Watch::Kind::Write, 0xabc, 4}}),
              "T05thread:01;watch:abc;");
    target.now.code64 = true;
    target.now.rip = 0x10;
    EXPECT_EQ(after({.kind = Kind::Breakpoint}), "T05thread:01;") << "as it did not ask for more";
    ask("qSupported:swbreak+");
    ask("Z0,10,1");
    EXPECT_EQ(after({.kind = Kind::Breakpoint}), "T05thread:01;swbreak:;");
    ask("z0,10,1");
    ask("Z1,10,1");
    EXPECT_EQ(after({.kind = Kind::Breakpoint}), "T05thread:01;hwbreak:;");
    EXPECT_EQ(commands.state(), Commands::State::Attached);
    EXPECT_EQ(after({.kind = Kind::Ended, .by_failure = true}), "X06");
    EXPECT_EQ(after({.kind = Kind::Ended, .status = 0x10}), "W10");
    EXPECT_EQ(commands.state(), Commands::State::Ended);
}

TEST_F(GdbCommands, LeaveOrKill) {
    EXPECT_EQ(ask("D"), "OK");
    EXPECT_EQ(commands.state(), Commands::State::Detached);
    EXPECT_EQ(ask("vKill;1"), "OK");
    EXPECT_EQ(commands.state(), Commands::State::Killed);
    EXPECT_EQ(commands.handle("k"), std::nullopt);
}

TEST_F(GdbCommands, PassOnWhatTheUserTypes) {
    EXPECT_EQ(ask("qRcmd," + to_hex("help me")), "OK");
    EXPECT_EQ(debugger.told, "you said 'help me'\n");
}

TEST_F(GdbCommands, AnswerNonsenseWithAnErrorOrNothing) {
    for (const char* packet : {"m",
                               "m1",
                               "m1,",
                               "m,1",
                               "mx,1",
                               "m1,2,3",
                               "m10000,0",
                               "M10000",
                               "M10000,1",
                               "M10000,2:01",
                               "M10000,1:0g",
                               "X10000,3:a",
                               "p",
                               "p1x",
                               "pffff",
                               "P",
                               "P0",
                               "P0=",
                               "P0=01",
                               "Pffff=00",
                               "G",
                               "G0",
                               "Gzz",
                               "Z",
                               "Z0",
                               "Z0,1",
                               "Z0,1,",
                               "Z2,1,0",
                               "Z2,ffffffffffffffff,8",
                               "z9",
                               "cx",
                               "s1 ",
                               "vCont;",
                               "vCont;x",
                               "qRcmd,0",
                               "qXfer:features:read:target.xml:",
                               "qXfer:features:read:target.xml:0",
                               "Qqemu.PhyMemMode:"}) {
        EXPECT_EQ(ask(packet), "E16") << packet;
    }
    for (const char* packet : {"", "y", "qOffsets", "qTStatus", "vMustReplyEmpty", "vContX", "bx",
                               "Z9,1,1", "Z0,1,1;X1,0", "QNothing", "!", "R00", "\x80"}) {
        EXPECT_EQ(ask(packet), "") << packet;
    }
    EXPECT_TRUE(target.motions.empty());
    EXPECT_EQ(target.now, DebugRegisters{});
    EXPECT_EQ(commands.state(), Commands::State::Attached);
}

TEST_F(GdbCommands, AnswerAnyPacket) {
    u32 state = 7;
    for (int round = 0; round < 20'000; ++round) {
        std::string packet(1, "?gGpPmMXZzcsbHTqQv"[round % 18]);
        for (u32 length = 0; length < 12; ++length) {
            state = state * 1'664'525 + 1'013'904'223;
            packet.push_back("0123456789abcdef,:;=x-\xff "[(state >> 20) % 24]);
        }
        const auto answer = commands.handle(packet);
        ASSERT_TRUE(answer.has_value()) << packet;
        EXPECT_LE(answer->size(), PacketReader::longest_packet) << packet;
    }
}

}  // namespace
}  // namespace ringfence::lab::gdb
