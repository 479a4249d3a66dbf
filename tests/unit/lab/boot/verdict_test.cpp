// SPDX-License-Identifier: MIT
#include "lab/boot/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/report/sha256.h"

namespace ringfence::lab::boot {
namespace {

using sim::machine::MachineEnd;
using ::testing::HasSubstr;
using Reason = MachineEnd::Reason;

ConsoleRecord console_with(std::string_view text) {
    ConsoleRecord console;
    console.add(text);
    return console;
}

MachineEnd end_by(Reason reason) {
    return {.reason = reason, .detail = "at rip 0x1"};
}

Verdict judge_end(Reason reason, std::string_view text = "", const Expectations& expected = {}) {
    return judge(end_by(reason), console_with(text), expected);
}

TEST(Verdict, ADebugExitIsTheGuestsOwn) {
    const auto exit_with = [](u32 code, ExitConvention convention) {
        const MachineEnd end{.reason = Reason::DebugExit, .exit_code = code, .detail = {}};
        return judge(end, console_with("Kernel panic - not syncing: x\n"),
                     {.convention = convention});
    };
    EXPECT_EQ(exit_with(0, ExitConvention::Qemu).exit_status, 1);
    EXPECT_EQ(exit_with(1, ExitConvention::Qemu).exit_status, 3);
    EXPECT_EQ(exit_with(0x10, ExitConvention::Qemu).exit_status, 0x21);
    EXPECT_EQ(exit_with(0xffff'ffff, ExitConvention::Qemu).exit_status, 0xff);
    EXPECT_EQ(exit_with(0, ExitConvention::Guest).exit_status, 0);
    EXPECT_EQ(exit_with(7, ExitConvention::Guest).exit_status, 7);
    EXPECT_EQ(exit_with(0x107, ExitConvention::Guest).exit_status, 7);
    EXPECT_EQ(exit_with(7, ExitConvention::Guest).reason, "debug-exit");
    EXPECT_FALSE(exit_with(7, ExitConvention::Guest).is_failure);
}

TEST(Verdict, EndsThatNobodyAskedForHaveEvenStatusesOfTheirOwn) {
    EXPECT_EQ(judge_end(Reason::TripleFault).exit_status, 114);
    EXPECT_EQ(judge_end(Reason::HaltedForever).exit_status, 116);
    EXPECT_EQ(judge_end(Reason::Stuck).exit_status, 118);
    EXPECT_EQ(judge_end(Reason::InstructionLimit).exit_status, 124);
    EXPECT_TRUE(judge_end(Reason::TripleFault).is_failure);
    EXPECT_THAT(judge_end(Reason::TripleFault).message, HasSubstr("at rip 0x1"));
}

TEST(Verdict, OrderlyEndsAreSuccess) {
    EXPECT_EQ(judge_end(Reason::PowerOff).exit_status, 0);
    EXPECT_EQ(judge_end(Reason::Reset).exit_status, 0);
    const Verdict halted =
        judge_end(Reason::HaltedForever, "x\r\n[ 1.2] reboot: System halted\r\n");
    EXPECT_EQ(halted.exit_status, 0);
    EXPECT_EQ(halted.reason, "halted");
    EXPECT_EQ(judge_end(Reason::HaltedForever, "reboot: System halted\nmore\n").exit_status, 116)
        << "something ran on";
}

TEST(Verdict, APanicIsKnownByItsWarmReset) {
    const Expectations by_reset{.panics_by_warm_reset = true};
    EXPECT_EQ(judge_end(Reason::Reset, "", by_reset).exit_status, 112);
    MachineEnd full = end_by(Reason::Reset);
    full.power_cycle = true;
    EXPECT_EQ(judge(full, console_with(""), by_reset).exit_status, 0);
    EXPECT_EQ(judge_end(Reason::Reset).exit_status, 0) << "the command line says otherwise";
}

TEST(Verdict, NoProgressHasAStatusUnlessItIsThatAfterAPanic) {
    const MachineEnd end = end_by(Reason::InstructionLimit);
    const Verdict stuck = judge_stuck(end, console_with("x\n"), "so many instructions");
    EXPECT_EQ(stuck.exit_status, 118);
    EXPECT_EQ(stuck.reason, "no-progress");
    EXPECT_EQ(stuck.message, "no progress: so many instructions: at rip 0x1");
    EXPECT_TRUE(stuck.is_failure);
    const ConsoleRecord panicked = console_with("Kernel panic - not syncing: x\n");
    EXPECT_EQ(judge_stuck(end, panicked, "so many instructions").exit_status, 112);
}

TEST(Verdict, APanicIsKnownByItsMessage) {
    constexpr std::string_view text =
        "[    1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x100\r\n"
        "[    1.0] Kernel panic - not syncing: second\r\n";
    for (const Reason reason : {Reason::Reset, Reason::TripleFault, Reason::HaltedForever}) {
        const Verdict verdict = judge_end(reason, text);
        EXPECT_EQ(verdict.exit_status, 112);
        EXPECT_EQ(verdict.reason, "panic");
        EXPECT_THAT(verdict.message, HasSubstr("Attempted to kill init! exitcode=0x100 (at rip"));
    }
    EXPECT_EQ(judge_end(Reason::InstructionLimit, text).exit_status, 124);
}

TEST(ConsoleRecord, DigestsAllThatItGets) {
    std::string text;
    ConsoleRecord console;
    for (int i = 0; i < 1000; ++i) {
        const std::string piece(static_cast<usize>(i % 131), static_cast<char>('a' + i % 26));
        text += piece;
        console.add(piece);
    }
    EXPECT_EQ(console.sha256(), report::sha256(text));
    EXPECT_EQ(console.bytes(), text.size());
    EXPECT_EQ(ConsoleRecord{}.sha256(),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace ringfence::lab::boot
