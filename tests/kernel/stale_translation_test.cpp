// SPDX-License-Identifier: MIT
// The machine keeps every translation that the architecture lets a TLB keep, and reports each use
// of one that the tables no longer contain. The kernel's invalidations must leave none: by INVPCID,
// by deferred flushes, by plain loads of CR3, and in both designs.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {
namespace {

constexpr const char* busybox = "/bin/busybox";
constexpr const char* script =
    "for i in 1 2 3; do (echo $i | gzip -c | gunzip -c | md5sum) & done; wait; "
    "cat /proc/self/maps | wc -l; ls -R / | sort | tail -n 1; exit 4";

class StaleWatch final : public sim::observe::Observer {
public:
    void stale_translation(const sim::observe::StaleTranslation& stale) override {
        ++uses;
        if (first.empty()) {
            first = fmt::format("{:#x} under PCID {:#x}: cached {:#x}, tables {:#x}{}{}",
                                stale.address.value(), stale.pcid, stale.cached.value(),
                                stale.current.value(), stale.current_faults ? ", would fault" : "",
                                stale.rights_differ ? ", rights differ" : "");
        }
    }
    u64 uses = 0;
    std::string first;
};

struct Mode {
    const char* name;
    const char* cpu;
    const char* command_line;
};

class StaleTranslation : public testing::TestWithParam<Mode> {
protected:
    static void expect_none_used(std::vector<std::string> program, u32 status) {
        StaleWatch watch;
        Guest guest({.cpu = GetParam().cpu,
                     .command_line = GetParam().command_line,
                     .program = std::move(program),
                     .strict_tlb = true},
                    &watch);
        guest.run();
        ASSERT_TRUE(guest.report().exit.has_value()) << guest.report().kernel_log;
        EXPECT_EQ(guest.report().exit->code, status);
        EXPECT_EQ(watch.uses, 0U) << watch.first;
    }
};

TEST_P(StaleTranslation, IsNeverUsed) {
    expect_none_used({busybox, "sh", "-c", script}, 4);
}

TEST_P(StaleTranslation, IsNeverUsedAcrossChangesOfDesign) {
    expect_none_used({RINGFENCE_GUESTS "/isolation_modes"}, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Designs, StaleTranslation,
    testing::Values(Mode{"isolated", "skylake-sp", "pti=on"},
                    Mode{"isolated_without_invpcid", "skylake-sp", "pti=on noinvpcid"},
                    Mode{"isolated_without_pcid", "skylake-sp", "pti=on nopcid"},
                    Mode{"shared", "skylake-sp", "pti=off"},
                    Mode{"shared_without_invpcid", "skylake-sp", "pti=off noinvpcid"},
                    Mode{"shared_without_pcid", "nehalem", "pti=off"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ringfence::kernel_tests
