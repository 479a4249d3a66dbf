// SPDX-License-Identifier: MIT
// `boot --save` and `--load`: a run in two pieces is the run in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/linux_kernel.h"
#include "tests/end_to_end/tiny_kernel.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::ScratchDirectory;
using namespace std::string_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// Writes A to J to the serial port, and each letter to the mark port:
/// mov edx, 3f8h; mov al, 'A'; l: out dx, al; out f8h, al; inc eax; cmp al, 'K'; jne l; mov eax, 3;
/// out f4h, al
std::string letters() {
    return tiny_kernel(
        "\xba\xf8\x03\x00\x00\xb0\x41\xee\xe6\xf8\x40\x3c\x4b\x75\xf8\xb8\x03\x00"
        "\x00\x00\xe6\xf4"s);
}

class SnapshotOfAKernel : public ::testing::Test {
protected:
    [[nodiscard]] Outcome save(const Words& options, const std::string& name = "saved") const {
        Words arguments = {"boot", "--kernel", kernel_, "--save", file(name)};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return ringfence(arguments);
    }
    [[nodiscard]] Outcome load(const Words& options = {}, const std::string& name = "saved") const {
        Words arguments = {"boot", "--load", file(name)};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return ringfence(arguments);
    }
    [[nodiscard]] std::string file(const std::string& name) const {
        return directory_.path() + "/" + name;
    }

    ScratchDirectory directory_;
    std::string kernel_ = directory_.write("letters", letters());
};

TEST_F(SnapshotOfAKernel, GoesOnWhereItWasTaken) {
    const struct {
        const char* point;
        const char* before;
        const char* after;
    } cases[] = {{"MARK", "A", "BCDEFGHIJ"},
                 {"MARK:0x43", "ABC", "DEFGHIJ"},
                 {"8", "AB", "CDEFGHIJ"},
                 {"0x1000cb", "", "ABCDEFGHIJ"}};
    for (const auto& [point, before, after] : cases) {
        const Outcome saved = save({"--save-at", point});
        EXPECT_EQ(saved.status, 0) << point << saved.error;
        EXPECT_EQ(saved.output, before) << point;
        const Outcome loaded = load();
        EXPECT_EQ(loaded.status, (3 << 1) | 1) << loaded.error;
        EXPECT_EQ(loaded.output, after) << point;
    }
}

TEST_F(SnapshotOfAKernel, CountsOnAndIsTheSameEachTime) {
    const Outcome whole = ringfence({"boot", "--kernel", kernel_, "--json", file("whole")});
    ASSERT_EQ(whole.status, 7);
    ASSERT_EQ(save({"--save-at", "20"}).status, 0);
    ASSERT_EQ(save({"--save-at", "20"}, "again").status, 0);
    ASSERT_EQ(load({"--json", file("first")}).status, 7);
    ASSERT_EQ(load({"--json", file("second")}, "again").status, 7);
    const auto document = [&](const std::string& name) {
        std::ifstream stream(file(name));
        return Json::parse(stream);
    };
    EXPECT_EQ(document("first"), document("second"));
    for (const char* const count : {"instructions", "cycles", "counters", "exit", "memory_mib"}) {
        EXPECT_EQ(document("first")[count], document("whole")[count]) << count;
    }
}

TEST_F(SnapshotOfAKernel, MayBeOneOfASnapshot) {
    ASSERT_EQ(save({"--save-at", "MARK:0x42"}).status, 0);
    EXPECT_EQ(load({"--save", file("later"), "--save-at", "MARK:0x44"}).output, "CD");
    EXPECT_EQ(load({}, "later").output, "EFGHIJ");
}

TEST_F(SnapshotOfAKernel, IsNotTakenWhereTheRunNeverComes) {
    const Outcome outcome = save({"--save-at", "MARK:1"});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_EQ(outcome.output, "ABCDEFGHIJ");
    EXPECT_THAT(outcome.error, HasSubstr("not written: the run ended before it came to"));
    EXPECT_FALSE(std::filesystem::exists(file("saved")));
}

TEST_F(SnapshotOfAKernel, ThatCannotBeWrittenIsAnErrorBeforeTheRun) {
    const Outcome outcome = save({}, "no/such/folder");
    EXPECT_EQ(outcome.status, 255);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr("no/such/folder"));
}

TEST_F(SnapshotOfAKernel, ThatIsDamagedForeignOrMissingIsAnError) {
    ASSERT_EQ(save({"--save-at", "8"}).status, 0);
    std::filesystem::copy_file(file("saved"), file("cut"));
    std::filesystem::resize_file(file("cut"), std::filesystem::file_size(file("cut")) / 2);
    std::filesystem::copy_file(file("saved"), file("flipped"));
    {
        std::fstream stream(file("flipped"), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(100);
        stream.put('\x55');
    }
    const auto error_of = [&](const std::string& name) {
        const Outcome outcome = load({}, name);
        EXPECT_EQ(outcome.status, 255) << name;
        EXPECT_THAT(outcome.error, StartsWith("ringfence: " + file(name) + ": ")) << name;
        return outcome.error;
    };
    EXPECT_THAT(error_of("cut"), HasSubstr("damaged: it has "));
    EXPECT_THAT(error_of("flipped"), HasSubstr("damaged"));
    EXPECT_THAT(error_of("letters"), HasSubstr("no snapshot of Ringfence"));
    EXPECT_THAT(error_of("missing"), HasSubstr("No such file"));
}

TEST_F(SnapshotOfAKernel, TakesNoOtherProcessorThanOneThatLooksTheSame) {
    ASSERT_EQ(save({"--save-at", "8"}).status, 0);
    const Outcome other = load({"--cpu", "zen2"});
    EXPECT_EQ(other.status, 255);
    EXPECT_THAT(other.error, HasSubstr("was saved with another CPU: CPUID leaf 0x0"));
    EXPECT_EQ(load({"--what-if", "pcid=off"}).status, 255);
    EXPECT_EQ(load({"--what-if", "root-write=0"}).status, 7);
}

TEST_F(SnapshotOfAKernel, GoesWithNothingThatWasSettledBefore) {
    ASSERT_EQ(save({"--save-at", "8"}).status, 0);
    EXPECT_THAT(load({"--memory", "64"}).error, HasSubstr("--memory goes with booting a kernel"));
    EXPECT_THAT(load({"--", "/bin/busybox"}).error, HasSubstr("takes another PROGRAM"));
    EXPECT_THAT(ringfence({"boot", "--kernel", kernel_, "--save-at", "8"}).error,
                HasSubstr("--save is missing"));
}

TEST_F(SnapshotOfAKernel, CanBeLookedInto) {
    ASSERT_EQ(save({"--save-at", "8"}).status, 0);
    ASSERT_EQ(save({"--save-at", "9"}, "later").status, 0);
    const Outcome info = ringfence({"snapshot", "info", file("saved")});
    EXPECT_EQ(info.status, 0);
    EXPECT_THAT(info.output, HasSubstr("kernel        letters\n"));
    EXPECT_THAT(info.output, HasSubstr("instructions  8\n"));
    EXPECT_THAT(ringfence({"snapshot", "info", file("saved"), "--fields", "cpu"}).output,
                HasSubstr("\nrdx: 0x3f8\n"));
    EXPECT_EQ(ringfence({"snapshot", "diff", file("saved"), file("saved")}).output, "");
    const Outcome diff = ringfence({"snapshot", "diff", file("saved"), file("later")});
    EXPECT_EQ(diff.status, 1);
    EXPECT_THAT(diff.output, HasSubstr("cpu.cycles: 8 -> 9\n"));
    EXPECT_THAT(ringfence({"snapshot", "info", file("saved"), "--fields", "cpus"}).error,
                HasSubstr("did you mean 'cpu'?"));
}

TEST(SnapshotOfLinux, TakesProgramsOfItsOwn) {
    const ScratchDirectory directory;
    const std::string file = directory.path() + "/linux";
    const Outcome saved = ringfence({"boot", "--kernel", linux_kernel(), "--save", file});
    ASSERT_EQ(saved.status, 0) << saved.error;
    const Outcome program =
        ringfence({"boot", "--load", file, "--env", "GREETING=hello", "--", "/bin/busybox", "sh",
                   "-c", "echo $GREETING; busybox cat; exit 5"},
                  {.input = "from outside\n"});
    EXPECT_EQ(program.status, 5) << program.error;
    EXPECT_EQ(program.output, "hello\nfrom outside\n");
    EXPECT_LT(program.seconds, 10);
    const Outcome shell =
        ringfence({"boot", "--load", file}, {.input = "echo $((6 * 7))\nexit 9\n"});
    EXPECT_EQ(shell.status, 9) << shell.error;
    EXPECT_THAT(shell.output, HasSubstr("\r\n42\r\n"));
}

// The property that all of it is for, on a real kernel: system calls, faults, interrupts, several
// address spaces, in the timed engine.
TEST(SnapshotOfLinux, GoesOnToTheCycle) {
    const ScratchDirectory directory;
    const auto file = [&](const char* name) { return directory.path() + "/" + name; };
    const auto document = [&](const char* name) {
        std::ifstream stream(file(name));
        return Json::parse(stream);
    };
    // Where the program is executed; what comes before is the fast engine's.
    ASSERT_EQ(ringfence({"boot", "--kernel", linux_kernel(), "--save", file("booted"), "--",
                         "/bin/busybox", "sh", "-c", "busybox ls -l / | busybox md5sum; exit 4"})
                  .status,
              0);
    const auto run = [&](Words options) {
        const Words load = {"boot", "--load", file("booted"), "--mode", "timed"};
        options.insert(options.begin(), load.begin(), load.end());
        return ringfence(options);
    };
    const Outcome whole = run({"--json", file("whole")});
    ASSERT_EQ(whole.status, 4) << whole.error;
    for (const char* const point : {"100000", "1234567"}) {
        const Outcome first = run({"--save", file("middle"), "--save-at", point});
        ASSERT_EQ(first.status, 0) << first.error;
        const Outcome second =
            ringfence({"boot", "--load", file("middle"), "--json", file("rest")});
        EXPECT_EQ(second.status, 4) << second.error;
        EXPECT_EQ(first.output + second.output, whole.output);
        for (const char* const field :
             {"instructions", "cycles", "counters", "stack", "stack_by_place", "tlb_misses",
              "branches", "mispredictions"}) {
            EXPECT_EQ(document("rest")[field], document("whole")[field]) << point << field;
        }
    }
}

TEST(SnapshotOfLinux, HoldsAProgramThatIsAboutToRun) {
    const ScratchDirectory directory;
    const std::string file = directory.path() + "/linux";
    const Outcome saved =
        ringfence({"boot", "--kernel", linux_kernel(), "--save", file, "--", "/bin/busybox", "cat"},
                  {.input = "kept\n"});
    ASSERT_EQ(saved.status, 0) << saved.error;
    const Outcome loaded = ringfence({"boot", "--load", file});
    EXPECT_EQ(loaded.status, 0) << loaded.error;
    EXPECT_EQ(loaded.output, "kept\n");
}

}  // namespace
}  // namespace ringfence::end_to_end
