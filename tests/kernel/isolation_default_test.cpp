// SPDX-License-Identifier: MIT
// What pti=auto does on each built-in processor: isolation where Linux would turn it on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "sim/presets/preset_file.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {

namespace {

using abi::control::IsolationRequest;

class IsolationDefault : public ::testing::TestWithParam<std::string_view> {
protected:
    static lab::machine::GuestReport run_with(const std::string& command_line) {
        Guest guest({.cpu = std::string{GetParam()},
                     .command_line = command_line,
                     .program = {"/bin/busybox", "true"}},
                    nullptr);
        guest.run();
        EXPECT_TRUE(guest.report().isolation) << guest.report().kernel_log;
        return guest.report();
    }
    static bool affected() {
        constexpr std::array<std::string_view, 4> names{"broadwell", "haswell", "nehalem",
                                                        "skylake-sp"};
        return std::ranges::find(names, GetParam()) != names.end();
    }
};

TEST_P(IsolationDefault, IsOnWhereTheProcessorNeedsItAndOffElsewhere) {
    for (const char* const command_line : {"", "pti=auto"}) {
        const auto report = run_with(command_line);
        ASSERT_TRUE(report.isolation);
        EXPECT_EQ(report.isolation->required != 0, affected());
        EXPECT_EQ(report.isolation->requested, IsolationRequest::Auto);
        EXPECT_EQ(report.isolation->enabled != 0, affected());
    }
}

TEST_P(IsolationDefault, YieldsToTheUsersWish) {
    for (const bool wanted : {false, true}) {
        const auto report = run_with(wanted ? "pti=on" : "pti=off");
        ASSERT_TRUE(report.isolation);
        EXPECT_EQ(report.isolation->required != 0, affected()) << "a wish changes no processor";
        EXPECT_EQ(report.isolation->enabled != 0, wanted);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryPreset, IsolationDefault,
                         ::testing::ValuesIn(sim::presets::preset_names()), [](const auto& info) {
                             std::string name{info.param};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace

}  // namespace ringfence::kernel_tests
