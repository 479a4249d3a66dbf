// SPDX-License-Identifier: MIT
#include "lab/boot/linux_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringfence::lab::boot {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr LinuxSetting setting{.clock_hz = 2'100'000'000};

TEST(LinuxOptions, DefaultsComeFirst) {
    EXPECT_EQ(linux_command_line(setting, ""),
              "console=ttyS0 acpi=off reboot=p,panic_warm panic=-1 tsc=reliable "
              "tsc_early_khz=2100000 cryptomgr.notests quiet");
    EXPECT_THAT(linux_command_line(setting, "pti=on nopcid"), EndsWith(" quiet pti=on nopcid"));
    EXPECT_THAT(linux_command_line({.clock_hz = 1, .decompresses_itself = true}, ""),
                EndsWith(" quiet nokaslr"));
}

TEST(LinuxOptions, AnAppendedOptionReplacesItsDefault) {
    const auto line = [](const char* appended) { return linux_command_line(setting, appended); };
    EXPECT_THAT(line("console=ttyS1 panic=5"), Not(HasSubstr("ttyS0")));
    EXPECT_THAT(line("panic=5"), Not(HasSubstr("panic=-1")));
    EXPECT_THAT(line("panic_on_oops=1"), HasSubstr("panic=-1")) << "another option";
    EXPECT_THAT(line("loglevel=7"), Not(HasSubstr("quiet")));
    EXPECT_THAT(line("debug"), Not(HasSubstr("quiet")));
    EXPECT_THAT(line("x=\"a debug b\""), HasSubstr("quiet")) << "within quotes";
    EXPECT_THAT(line("init=/x -- debug"), HasSubstr("quiet")) << "init's own";
    EXPECT_THAT(line("tsc-early-khz=1"), Not(HasSubstr("tsc_early_khz"))) << "- is _";
    EXPECT_THAT(line("reboot=t"), Not(HasSubstr("panic_warm")));
}

TEST(LinuxOptions, KnowsWhetherAPanicWillBeAWarmReset) {
    EXPECT_TRUE(panics_by_warm_reset(linux_command_line(setting, "pti=on")));
    EXPECT_FALSE(panics_by_warm_reset(linux_command_line(setting, "panic=0")));
    EXPECT_FALSE(panics_by_warm_reset(linux_command_line(setting, "reboot=t")));
    EXPECT_FALSE(panics_by_warm_reset("quiet"));
}

}  // namespace
}  // namespace ringfence::lab::boot
