// SPDX-License-Identifier: MIT
// A host that has no room left, and one that kills the command in the midst of its work: what was
// there before is there still, what is new is whole, and a person is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/tiny_kernel.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::read_file;
using lab::testing::ScratchDirectory;
using namespace std::string_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Words = std::vector<std::string>;

constexpr int killed = 128 + SIGKILL;
constexpr int just_ended = 124;  ///< of timeout(1): on time, but there was nothing left to kill

/// Runs the command under a limit of the shell's ulimit.
Outcome limited(const std::string& limit, const Words& arguments) {
    Words command = {"/bin/sh", "-c", "ulimit " + limit + " && exec \"$@\"", "sh",
                     RINGFENCE_COMMAND};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return execute(command);
}

/// Kills the command when so much time has passed.
Outcome killed_after(const std::string& seconds, const Words& arguments) {
    Words command = {"/usr/bin/timeout", "--foreground", "-s", "KILL", seconds, RINGFENCE_COMMAND};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return execute(command);
}

std::vector<std::string> names_in(const ScratchDirectory& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
        names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
}

/// Fills 16 MiB with numbers that do not compress, writes to the mark port, and ends with status 7:
/// mov edi, 200000h; mov ecx, 400000h; mov eax, 1; l: imul eax, eax, 41c64e6dh; add eax, 12345;
/// stosd; loop l; out f8h, al; mov eax, 3; out f4h, al
std::string restless_kernel() {
    return tiny_kernel(
        "\xbf\x00\x00\x20\x00\xb9\x00\x00\x40\x00\xb8\x01\x00\x00\x00"
        "\x69\xc0\x6d\x4e\xc6\x41\x05\x39\x30\x00\x00\xab\xe2\xf2"
        "\xe6\xf8\xb8\x03\x00\x00\x00\xe6\xf4"s);
}
constexpr int restless_status = 7;

class Save : public ::testing::Test {
protected:
    [[nodiscard]] Words save() const {
        return {"boot", "--kernel", kernel_, "--save", file_, "--save-at", "MARK"};
    }
    [[nodiscard]] int load() const { return ringfence({"boot", "--load", file_}).status; }

    ScratchDirectory directory_;
    std::string kernel_ = directory_.write("kernel", restless_kernel());
    std::string file_ = directory_ / "saved";
};

// From before the file is begun until after it is complete.
TEST_F(Save, ThatIsKilledLeavesTheOldFileOrTheNewOne) {
    ASSERT_EQ(ringfence(save()).status, 0);
    ASSERT_EQ(load(), restless_status);
    bool was_killed = false;
    for (const char* seconds :
         {"0.02", "0.06", "0.1", "0.15", "0.2", "0.25", "0.3", "0.4", "0.6"}) {
        const Outcome run = killed_after(seconds, save());
        EXPECT_THAT(run.status, AnyOf(0, just_ended, killed));
        was_killed = was_killed || run.status == killed;
        EXPECT_EQ(load(), restless_status) << seconds;
        EXPECT_EQ(names_in(directory_), (std::vector<std::string>{"kernel", "saved"})) << seconds;
    }
    EXPECT_TRUE(was_killed);
}

/// Runs the command with `directory` a file system of 4 MiB, in a mount namespace of its own; then
/// tells its status and what is there.
Outcome on_small_disk(const std::string& directory, const Words& arguments) {
    Words command = {"/usr/bin/unshare",
                     "-rm",
                     "/bin/sh",
                     "-c",
                     "cd / && mount -t tmpfs -o size=4m none " + directory + " && cd " + directory +
                         " && echo older >saved && \"$@\"; echo \"status $?\"; cat saved; ls -A",
                     "sh",
                     RINGFENCE_COMMAND};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return execute(command);
}

TEST_F(Save, OnAFullDiskKeepsTheOldFile) {
    const std::string disk = directory_ / "disk";
    std::filesystem::create_directory(disk);
    if (execute({"/usr/bin/unshare", "-rm", "/bin/mount", "-t", "tmpfs", "none", disk}).status !=
        0) {
        GTEST_SKIP() << "this host lets nobody mount";
    }
    file_ = disk + "/saved";
    const Outcome run = on_small_disk(disk, save());
    EXPECT_EQ(run.output, "status 255\nolder\nsaved\n");
    EXPECT_EQ(run.error, "ringfence: " + file_ + ": cannot be written: No space left on device\n");
}

class Results : public ::testing::Test {
protected:
    [[nodiscard]] Words compare() const {
        return {"compare", "--json", file_, "--design", "shared", "--", "/bin/busybox", "true"};
    }
    ScratchDirectory directory_;
    std::string file_ = directory_.write("json", "older");
};

TEST_F(Results, OnAFullDiskKeepTheOldFile) {
    // The first write of any size is one too many.
    const Outcome run = limited("-f 0", compare());
    EXPECT_EQ(run.status, 255);
    EXPECT_THAT(run.error, HasSubstr(file_ + ": cannot be written: File too large"));
    EXPECT_EQ(read_file(file_), "older");
    EXPECT_EQ(names_in(directory_), (std::vector<std::string>{"json"}));
}

TEST_F(Results, OfAKilledCommandAreTheOldOnesOrWhole) {
    for (const char* seconds : {"0.05", "0.2", "0.4", "0.8"}) {
        const Outcome run = killed_after(seconds, compare());
        EXPECT_THAT(run.status, AnyOf(0, just_ended, killed));
        const std::string json = read_file(file_);
        EXPECT_TRUE(json == "older" || json.ends_with("}\n")) << seconds;
        EXPECT_EQ(names_in(directory_), (std::vector<std::string>{"json"})) << seconds;
    }
}

// From too little for the guest's RAM to enough for everything, through what is between.
TEST(HostMemory, ThatRunsOutIsAnErrorInOneLine) {
    bool ran = false;
    for (unsigned kib = 200'000; kib <= 1'000'000; kib += kib < 600'000 ? 25'000 : 200'000) {
        const Outcome run = limited("-v " + std::to_string(kib),
                                    {"run", "--mode", "timed", "--", "/bin/busybox", "echo", "x"});
        if (run.status == 0) {
            ran = true;
            EXPECT_EQ(run.output, "x\n") << kib;
            continue;
        }
        EXPECT_EQ(run.status, 125) << kib;
        EXPECT_THAT(run.error, MatchesRegex("ringfence: [^\n]*(no room|no memory)[^\n]*\n")) << kib;
    }
    EXPECT_TRUE(ran);
}

TEST(HostMemory, ThatRunsOutForOneOfManyRunsEndsThemAll) {
    const Outcome run =
        limited("-v 700000", {"compare", "--jobs", "3", "--", "/bin/busybox", "true"});
    EXPECT_EQ(run.status, 255);
    EXPECT_THAT(run.error, HasSubstr("the host has no"));
    EXPECT_EQ(run.output, "");
}

}  // namespace
}  // namespace ringfence::end_to_end
