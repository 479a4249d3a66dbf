// SPDX-License-Identifier: MIT
// A run that is saved, forgotten and loaded again and again goes the same way as one that is not:
// to the last field of the machine, the last byte of RAM and the last byte of output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "sim/state/field_list.h"
#include "sim/state/hash.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {
namespace {

using sim::machine::MachineEnd;
using sim::machine::Snapshot;
using Reason = MachineEnd::Reason;

/// Differences of two machines' states, some of them.
std::vector<std::string> differences(const Snapshot& first, const Snapshot& second) {
    std::vector<std::string> found;
    for (const sim::snapshot::Section& section : first.sections()) {
        const sim::snapshot::Section* const other = second.find(section.name);
        if (other == nullptr) {
            found.push_back(section.name + " is missing");
            continue;
        }
        sim::state::for_each_difference(
            section.bytes, other->bytes, [&](const sim::state::Difference& difference) {
                found.push_back(section.name + "." + difference.path + ": " + difference.first +
                                " and " + difference.second);
                return found.size() < 20;
            });
    }
    return found;
}

u64 ram_hash(const Snapshot& snapshot) {
    sim::state::Hash hash;
    std::vector<u8> bytes;
    for (const u64 chunk : snapshot.ram().chunks()) {
        bytes.resize(snapshot.ram().size_of(chunk));
        EXPECT_TRUE(snapshot.ram().get(chunk, bytes));
        hash.add({reinterpret_cast<const u8*>(&chunk), sizeof(chunk)});
        hash.add(bytes);
    }
    return hash.value();
}

std::shared_ptr<const Snapshot> capture(Guest& guest) {
    auto snapshot = guest.machine().capture();
    EXPECT_TRUE(snapshot.ok()) << snapshot.error();
    return snapshot.value();
}

struct Case {
    const char* name;
    const char* cpu;
    const char* command_line;
    bool strict_tlb = false;
};

class Resumed : public ::testing::TestWithParam<Case> {
protected:
    [[nodiscard]] static GuestOptions options() {
        const Case& given = GetParam();
        return {.cpu = given.cpu,
                .command_line = given.command_line,
                .program = {"/bin/busybox", "sh", "-c",
                            "i=0; while [ $i -lt 12 ]; do echo line $i | md5sum; i=$((i+1)); done |"
                            " sort | tr a-f A-F; busybox ls -l /bin; busybox sleep 0.01; date"},
                .strict_tlb = given.strict_tlb};
    }
};

TEST_P(Resumed, GoesTheSameWayAsIfItHadNeverBeenSaved) {
    Guest whole{options(), nullptr};
    ASSERT_EQ(whole.run().reason, Reason::DebugExit);
    const auto end = capture(whole);
    const u64 instructions = whole.machine().counters().total_instructions();

    std::mt19937_64 random{instructions};
    for (int round = 0; round < 3; ++round) {
        std::vector<u64> points(12);
        for (u64& point : points) {
            point = random() % instructions;
        }
        std::ranges::sort(points);
        Guest guest{options(), nullptr};
        for (const u64 point : points) {
            ASSERT_EQ(guest.machine().run_to(point).reason, Reason::InstructionLimit);
            ASSERT_EQ(guest.machine().counters().total_instructions(), point);
            guest.resume(guest.save());
        }
        ASSERT_EQ(guest.run().reason, Reason::DebugExit);
        const auto resumed_end = capture(guest);
        EXPECT_THAT(differences(*end, *resumed_end), ::testing::IsEmpty());
        EXPECT_EQ(ram_hash(*end), ram_hash(*resumed_end));
        EXPECT_EQ(guest.output(), whole.output());
        EXPECT_EQ(guest.report().kernel_log, whole.report().kernel_log);
    }
}

TEST_P(Resumed, IsTheSameFromAFile) {
    const std::string file = std::filesystem::temp_directory_path() /
                             ("ringfence-snapshot-test-" + std::to_string(getpid()));
    Guest guest{options(), nullptr};
    ASSERT_EQ(guest.machine().run_to(5'000'000).reason, Reason::InstructionLimit);
    const auto first = capture(guest);
    const auto written = first->write(file);
    ASSERT_TRUE(written.ok()) << written.error();
    const auto read = Snapshot::read(file);
    std::filesystem::remove(file);
    ASSERT_TRUE(read.ok()) << read.error();
    auto moment = guest.save();
    moment.machine = read.value();
    guest.resume(moment);
    const auto second = capture(guest);
    EXPECT_THAT(differences(*first, *second), ::testing::IsEmpty());
    EXPECT_EQ(ram_hash(*first), ram_hash(*second));
}

/// What the program has read and not read, and what it has been heard to write, are part of it.
TEST(GuestMoment, IsWhereAnyNumberOfGuestsGoOn) {
    std::string input;
    for (int i = 0; i < 3000; ++i) {
        input += std::to_string(i) + '\n';
    }
    Guest guest{{.command_line = "pti=on", .program = {"/bin/busybox", "cat"}, .input = input},
                nullptr};
    const usize half = input.size() / 2;
    while (guest.output().size() < half) {
        ASSERT_EQ(
            guest.machine().run_to(guest.machine().counters().total_instructions() + 5000).reason,
            Reason::InstructionLimit);
    }
    const auto moment = guest.save();
    const std::string output = guest.output();
    ASSERT_EQ(guest.run().reason, Reason::DebugExit);
    for (int round = 0; round < 2; ++round) {
        lab::machine::GuestMachine resumed(moment, {});
        EXPECT_EQ(resumed.output(), output);
        EXPECT_FALSE(resumed.report().exit.has_value());
        ASSERT_EQ(resumed.run().reason, Reason::DebugExit);
        EXPECT_EQ(resumed.output(), input);
        EXPECT_EQ(resumed.report().kernel_log, guest.report().kernel_log);
        ASSERT_TRUE(resumed.report().exit.has_value());
        EXPECT_EQ(resumed.report().exit->code, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Designs, Resumed,
                         ::testing::Values(Case{"isolated", "skylake-sp", "pti=on"},
                                           Case{"shared", "skylake-sp", "pti=off"},
                                           Case{"without_pcid", "haswell", "pti=on nopcid"},
                                           Case{"amd", "zen2", "pti=on"},
                                           Case{"without_fast_path", "nehalem", "pti=on", true}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace ringfence::kernel_tests
