// SPDX-License-Identifier: MIT
// Debian's Linux, unmodified, on the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/linux_kernel.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;
using Json = nlohmann::json;

Outcome boot(std::vector<std::string> options, const std::string& script) {
    std::vector<std::string> arguments = {"boot", "--kernel", linux_kernel()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "/bin/busybox", "sh", "-c", script});
    return ringfence(arguments);
}

/// What a processor's Linux says of its isolation, told to choose for itself.
struct Isolation {
    const char* cpu;
    bool needed;
    bool pcid;
};

constexpr Isolation presets[] = {
    {"nehalem", true, false},   {"haswell", true, true},      {"broadwell", true, true},
    {"skylake-sp", true, true}, {"cascadelake", false, true}, {"icelake", false, true},
    {"zen2", false, false},     {"zen4", false, true},
};

std::string test_name(const ::testing::TestParamInfo<Isolation>& info) {
    std::string name = info.param.cpu;
    std::ranges::replace(name, '-', '_');
    return name;
}

class BootLinuxPreset : public ::testing::TestWithParam<Isolation> {};

constexpr const char* report_isolation =
    "busybox cat /sys/devices/system/cpu/vulnerabilities/meltdown; "
    "for flag in pti pcid; do busybox grep -q \" $flag \" /proc/cpuinfo && echo $flag; done; exit "
    "7";

TEST_P(BootLinuxPreset, IsolatesAsTheProcessorNeeds) {
    const auto [cpu, needed, pcid] = GetParam();
    const Outcome outcome = boot({"--cpu", cpu}, report_isolation);
    EXPECT_EQ(outcome.status, 7) << outcome.error;
    EXPECT_THAT(outcome.output,
                EndsWith(std::string(needed ? "\nMitigation: PTI\npti\n" : "\nNot affected\n") +
                         (pcid ? "pcid\n" : "")));
}

INSTANTIATE_TEST_SUITE_P(Cpus, BootLinuxPreset, ::testing::ValuesIn(presets), test_name);

TEST(BootLinuxPresets, AreAllThatThereAre) {
    std::istringstream table(ringfence({"cpus"}).output);
    std::string line;
    std::getline(table, line);
    std::vector<std::string> names;
    while (std::getline(table, line) && !line.empty()) {
        names.push_back(line.substr(0, line.find(' ')));
    }
    std::vector<std::string> booted;
    for (const Isolation& preset : presets) {
        booted.emplace_back(preset.cpu);
    }
    EXPECT_THAT(booted, UnorderedElementsAreArray(names));
}

class BootLinux : public ::testing::TestWithParam<Isolation> {};

TEST_P(BootLinux, IsolatesAsItIsTold) {
    const auto [cpu, needed, pcid] = GetParam();
    const Outcome on = boot({"--cpu", cpu, "--append", "pti=on nopcid"}, report_isolation);
    EXPECT_EQ(on.status, 7) << on.error;
    EXPECT_THAT(on.output, EndsWith(needed ? "\nMitigation: PTI\npti\n" : "\nNot affected\npti\n"));
    const Outcome off = boot({"--cpu", cpu, "--append", "pti=off"}, report_isolation);
    EXPECT_EQ(off.status, 7) << off.error;
    EXPECT_THAT(off.output, EndsWith(std::string(needed ? "\nVulnerable\n" : "\nNot affected\n") +
                                     (pcid ? "pcid\n" : "")));
}

INSTANTIATE_TEST_SUITE_P(Cpus, BootLinux,
                         ::testing::Values(Isolation{"skylake-sp", true, true},
                                           Isolation{"zen2", false, false}),
                         test_name);

TEST(BootLinuxTransactions, AreOffWhereLinuxCanTurnThemOff) {
    const auto committed = [](std::vector<std::string> options) {
        options.insert(options.end(),
                       {"--file", guest_program("transactions") + "=/bin/transactions"});
        return boot(std::move(options),
                    "busybox cat /sys/devices/system/cpu/vulnerabilities/tsx_async_abort; "
                    "/bin/transactions");
    };
    const Outcome without = committed({"--cpu", "cascadelake"});
    EXPECT_EQ(without.status, 3) << without.error;
    EXPECT_THAT(without.output, HasSubstr("\nMitigation: TSX disabled\n"));
    EXPECT_THAT(without.output, EndsWith("no transactions (RTM)\n"));
    const Outcome asked = committed({"--cpu", "cascadelake", "--append", "tsx=on"});
    EXPECT_EQ(asked.status, 0) << asked.error;
    EXPECT_THAT(asked.output, EndsWith("counters: 20000 and 20000, 0 never committed\n"));
    const Outcome older = committed({"--cpu", "skylake-sp"});
    EXPECT_EQ(older.status, 0) << older.error;
    EXPECT_THAT(older.output, EndsWith("counters: 20000 and 20000, 0 never committed\n"));
}

/// The console's interrupt chip, and which clock event device.
constexpr const char* report_timers =
    "busybox awk '$1 == \"4:\" { print $3 }' /proc/interrupts; "
    "busybox cat /sys/devices/system/clockevents/clockevent0/current_device; "
    "busybox grep -c ' apic ' /proc/cpuinfo";

TEST(BootLinuxTimers, FollowWhatTheMachineTellsOfItsApics) {
    struct Row {
        std::vector<std::string> options;
        const char* timers;
    };
    for (const Row& row :
         {Row{{}, "XT-PIC\npit\n1\n"}, Row{{"--hide", "apic"}, "XT-PIC\npit\n0\n"},
          Row{{"--mp-table"}, "IO-APIC\nlapic-deadline\n1\n"},
          Row{{"--mp-table", "--hide", "tsc_deadline,x2apic"}, "IO-APIC\nlapic\n1\n"},
          Row{{"--mp-table", "--cpu", "zen2"}, "IO-APIC\nlapic\n1\n"}}) {
        const Outcome outcome = boot(row.options, report_timers);
        EXPECT_THAT(outcome.output, EndsWith(row.timers)) << outcome.error;
    }
}

TEST(BootLinuxTimers, AnMpTableNeedsAnApic) {
    const Outcome outcome = boot({"--mp-table", "--hide", "apic"}, "true");
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("MP table: the CPU skylake-sp has no local APIC"));
    const Outcome unknown = boot({"--hide", "aipc"}, "true");
    EXPECT_EQ(unknown.status, 255);
    EXPECT_THAT(unknown.error, HasSubstr("--hide: no processor here has a feature called 'aipc'"));
}

TEST(BootLinuxEnd, APanicHasAStatusAndAReason) {
    const Outcome outcome = boot({"--last-instructions", "2"}, "echo c > /proc/sysrq-trigger");
    EXPECT_EQ(outcome.status, 112);
    EXPECT_THAT(outcome.output, HasSubstr("Kernel panic - not syncing: sysrq triggered crash"));
    EXPECT_THAT(outcome.error, HasSubstr("ringfence: kernel panic: sysrq triggered crash"));
    EXPECT_THAT(outcome.error, MatchesRegex(".*\nringfence: the last instructions before the panic:"
                                            "\n.* sysrq_handle_crash\\+0x[^\n]*\n[^\n]*call [^\n]*"
                                            "\n"));
}

TEST(BootLinuxEnd, LeavingInOrderIsSuccess) {
    EXPECT_EQ(boot({}, "busybox reboot -f").status, 0);
    EXPECT_EQ(boot({}, "busybox poweroff -f").status, 0);
    EXPECT_EQ(boot({"--append", "reboot=t"}, "busybox reboot -f").status, 0);
}

TEST(BootLinuxMethod, EveryWayOfLoadingEndsInTheSameSystem) {
    for (const char* method : {"elf", "pvh", "bzimage"}) {
        const Outcome outcome = boot({"--boot", method}, "busybox uname -sm; exit 3");
        EXPECT_EQ(outcome.status, 3) << method << outcome.error;
        EXPECT_THAT(outcome.output, EndsWith("Linux x86_64\n")) << method;
    }
}

TEST(BootLinuxUntil, StopsAtTheKernelsOwnSymbolsAndAtMarks) {
    const auto instructions_until = [](const char* where) {
        const Outcome outcome = boot({"--until", where, "--json", "-"}, "exit 3");
        EXPECT_EQ(outcome.status, 0) << outcome.error;
        const Json json = Json::parse(outcome.output.substr(outcome.output.find("{\n")));
        EXPECT_EQ(json["end"]["reason"], "reached");
        EXPECT_THAT(outcome.error, HasSubstr("ringfence: reached"));
        return json["instructions"].get<long>();
    };
    const long kernel = instructions_until("start_kernel");
    const long first = instructions_until("kernel_init");
    const long program = instructions_until("MARK:1");
    const long end = instructions_until("MARK:2");
    EXPECT_LT(kernel, first);
    EXPECT_LT(first, program);
    EXPECT_LT(program, end);
    const Outcome missed = boot({"--until", "panic"}, "exit 3");
    EXPECT_EQ(missed.status, 3);
    EXPECT_THAT(missed.error, HasSubstr("--until: not reached"));
}

TEST(BootLinuxTrace, NamesPlacesByTheKernelsOwnSymbols) {
    const lab::testing::ScratchDirectory directory;
    const std::string path = directory / "trace";
    EXPECT_EQ(boot({"--until", "start_kernel", "--trace", path}, "").status, 0);
    std::ifstream file(path);
    const std::string trace{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_THAT(trace, StartsWith("# cr3 "));
    EXPECT_THAT(trace, MatchesRegex(".* x86_64_start_reservations\\+0x[0-9a-f]+  jmp [^\n]*\n"));
}

Outcome boot_shell(const std::string& input, const std::string& json = "") {
    std::vector<std::string> arguments = {"boot", "--kernel", linux_kernel()};
    if (!json.empty()) {
        arguments.insert(arguments.end(), {"--json", json});
    }
    return ringfence(arguments, {.input = input});
}

TEST(BootLinuxShell, TakesItsLinesFromStandardInput) {
    const Outcome outcome = boot_shell("cd /proc; echo in $PWD\nsleep 1; tty\nexit 4\n");
    EXPECT_EQ(outcome.status, 4) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("\r\nin /proc\r\n"));
    EXPECT_THAT(outcome.output, HasSubstr("\r\n/dev/ttyS0\r\n"));
}

TEST(BootLinuxShell, EndsWithItsInputAndIsTheSameEachTime) {
    const std::string input = "cat > /tmp/f\nfalse\n";
    const Outcome first = boot_shell(input, "-");
    EXPECT_EQ(first.status, 0);
    EXPECT_EQ(first.output, boot_shell(input, "-").output);
}

TEST(BootLinuxProgram, StandardInputIsTheProgramsToTheByte) {
    std::string input;
    for (int i = 0; i < 5000; ++i) {
        input += static_cast<char>(i * 7);
    }
    const Outcome outcome = ringfence(
        {"boot", "--kernel", linux_kernel(), "--", "/bin/busybox", "cat"}, {.input = input});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.output.ends_with(input));
}

TEST(BootLinuxJson, EqualRunsAreEqualAndSeedsDiffer) {
    const auto document = [](const char* seed) {
        return boot({"--seed", seed, "--json", "-"}, "busybox od -N 8 -t x8 /dev/urandom; exit 2");
    };
    const Outcome first = document("1");
    EXPECT_EQ(first.output, document("1").output);
    const Outcome other = document("2");
    const auto json_of = [](const Outcome& outcome) {
        return Json::parse(outcome.output.substr(outcome.output.find("{\n")));
    };
    const Json json = json_of(first);
    EXPECT_EQ(json["schema"], "ringfence.boot/1");
    EXPECT_EQ(json["exit"], 2);
    EXPECT_EQ(json["end"]["reason"], "debug-exit");
    EXPECT_EQ(json["cpu"], "skylake-sp");
    EXPECT_EQ(json["mode"], "fast");
    EXPECT_GT(json["instructions"], 100'000'000);
    EXPECT_GE(json["cycles"], json["instructions"]);
    EXPECT_GT(json["counters"]["root_writes"], 0);
    EXPECT_NE(json["console_sha256"], json_of(other)["console_sha256"]);
}

}  // namespace
}  // namespace ringfence::end_to_end
