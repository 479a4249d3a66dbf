// SPDX-License-Identifier: MIT
// A program that uses transactions, in both engines and designs, and on this host if it has them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/setups.h"

namespace ringfence::end_to_end {
namespace {

constexpr const char* expected =
    "outside: 0\n"
    "inside: 1\n"
    "transfer: committed, 70 and 30\n"
    "request: argument 42, first is 70\n"
    "null pointer: never, first is 70\n"
    "division: never, first is 70\n"
    "undefined: never, first is 70\n"
    "breakpoint: never, first is 70\n"
    "system call: never, first is 70\n"
    "cpuid: never, first is 70\n"
    "nested: argument 7, says so\n"
    "a mebibyte: never, overflow, whole\n"
    "counters: 20000 and 20000, 0 never committed\n";

bool host_has_transactions() {
    std::ifstream file("/proc/cpuinfo");
    std::stringstream text;
    text << file.rdbuf();
    return text.str().find(" rtm ") != std::string::npos;
}

TEST(Transactions, CommitAndAbortInBothEnginesAndDesigns) {
    for (const char* cpu : {"skylake-sp", "haswell", "broadwell", "cascadelake"}) {
        for (const char* mode : {"fast", "timed"}) {
            for (const char* design : {"shared", "isolated"}) {
                const Outcome outcome = ringfence({"run", "--cpu", cpu, "--mode", mode, "--design",
                                                   design, "--", guest_program("transactions")});
                EXPECT_EQ(outcome.output, expected) << cpu << ' ' << mode << ' ' << design;
                EXPECT_EQ(outcome.status, 0) << outcome.error;
            }
        }
    }
}

TEST(Transactions, AreNotThereOnOtherProcessors) {
    for (const char* cpu : {"nehalem", "icelake", "zen2", "zen4"}) {
        const Outcome outcome =
            ringfence({"run", "--cpu", cpu, "--", guest_program("transactions")});
        EXPECT_EQ(outcome.output, "this processor has no transactions (RTM)\n") << cpu;
        EXPECT_EQ(outcome.status, 3);
    }
}

TEST(Transactions, OnThisHost) {
    if (!host_has_transactions()) {
        GTEST_SKIP() << "this host has no transactions";
    }
    EXPECT_EQ(on_host({guest_program("transactions")}).output, expected);
}

}  // namespace
}  // namespace ringfence::end_to_end
