// SPDX-License-Identifier: MIT
// The isolation monitor over our kernel: silent where isolation holds, loud where it does not, and
// the guest is none the wiser.
#include "lab/prove/monitor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/prove/manifest_file.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {
namespace {

using audit::Rule;
using lab::prove::Monitor;
using lab::prove::Violation;

const std::vector<std::string> shell_script = {
    "/bin/busybox", "sh", "-c",
    "for i in 1 2 3; do (echo $i | gzip -c | gunzip -c | md5sum) & done; wait; "
    "cat /proc/self/maps | wc -l; trap 'echo caught' USR1; kill -USR1 $$; exit 4"};

struct Mode {
    const char* name;
    const char* cpu;
    const char* command_line;
};

std::string first_of(const Monitor& monitor) {
    if (monitor.violations().empty()) {
        return "none";
    }
    const Violation& first = monitor.violations().front();
    return std::string(audit::text_of(first.finding.rule).id) + ": " + first.finding.what + " at " +
           std::to_string(first.finding.address.value());
}

/// A guest with a monitor that looks on.
struct WatchedGuest {
    explicit WatchedGuest(const GuestOptions& options,
                          Monitor::Precision precision = Monitor::Precision::Block)
        : kernel(lab::machine::KernelImage::load(RINGFENCE_KERNEL_IMAGE)),
          manifest(lab::prove::built_in_manifest_of(kernel)),
          monitor(manifest, precision),
          guest(options, &monitor) {
        monitor.attach(guest.machine());
        guest.run();
    }

    lab::machine::KernelImage kernel;
    audit::Manifest manifest;
    Monitor monitor;
    Guest guest;
};

class MonitoredKernel : public testing::TestWithParam<Mode> {};

TEST_P(MonitoredKernel, HoldsEveryRule) {
    const WatchedGuest watched(
        {.cpu = GetParam().cpu, .command_line = GetParam().command_line, .program = shell_script});
    ASSERT_TRUE(watched.guest.report().exit.has_value()) << watched.guest.report().kernel_log;
    EXPECT_EQ(watched.guest.report().exit->code, 4U);
    EXPECT_EQ(watched.monitor.violation_count(), 0U) << first_of(watched.monitor);
    EXPECT_GT(watched.monitor.user_entries(), 500U);
    for (const audit::RuleText& rule : audit::rules()) {
        if (rule.check == audit::Check::UserEntry) {
            EXPECT_GT(watched.monitor.checks()[static_cast<usize>(rule.rule)], 0U) << rule.id;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Designs, MonitoredKernel,
    testing::Values(Mode{"isolated", "skylake-sp", "pti=on"},
                    Mode{"isolated_without_invpcid", "skylake-sp", "pti=on noinvpcid"},
                    Mode{"isolated_without_pcid", "skylake-sp", "pti=on nopcid"},
                    Mode{"isolated_on_nehalem", "nehalem", "pti=on"}),
    [](const auto& info) { return info.param.name; });

TEST(Monitor, SaysWhatTheSharedDesignShows) {
    const WatchedGuest watched(
        {.cpu = "skylake-sp", .command_line = "pti=off", .program = {"/bin/busybox", "true"}});
    ASSERT_FALSE(watched.monitor.violations().empty());
    const auto text = watched.kernel.symbols().address_of("__text_start").value();
    const auto shows_text = [&](const Violation& violation) {
        return violation.finding.rule == Rule::ClosedManifest &&
               text - violation.finding.address < violation.finding.bytes;
    };
    EXPECT_TRUE(std::ranges::any_of(watched.monitor.violations(), shows_text))
        << first_of(watched.monitor);
}

TEST(Monitor, ChangesNeitherTheGuestNorItsTime) {
    const GuestOptions options{.cpu = "skylake-sp",
                               .command_line = "pti=on",
                               .program = {"/bin/busybox", "sh", "-c", "ls / | sort | wc -l"},
                               .timed = true};
    Guest alone(options, nullptr);
    alone.run();
    WatchedGuest watched(options);
    ASSERT_TRUE(alone.report().exit.has_value()) << alone.report().kernel_log;
    EXPECT_EQ(watched.guest.output(), alone.output());
    EXPECT_EQ(watched.guest.machine().cycles(), alone.machine().cycles());
    EXPECT_EQ(watched.guest.machine().timing_digest(), alone.machine().timing_digest());
    EXPECT_EQ(watched.monitor.violation_count(), 0U) << first_of(watched.monitor);
}

}  // namespace
}  // namespace ringfence::kernel_tests
