// SPDX-License-Identifier: MIT
#include "sim/snapshot/new_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sim/snapshot/scratch.h"

namespace ringfence::sim::snapshot {
namespace {

using testing::bytes_of_file;
using ::testing::HasSubstr;
using testing::put_file;
using testing::Scratch;

const std::vector<u8> old_bytes{'o', 'l', 'd'};
const std::vector<u8> new_bytes(100'000, 'n');

/// Runs `child` in a process of its own; what waitpid says of it.
template <typename Child>
int status_of(Child child) {
    const pid_t process = fork();
    if (process == 0) {
        child();
        _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    return status;
}

TEST(NewFile, AppearsWhenItIsWhole) {
    const Scratch scratch;
    const std::string path = scratch.path("file");
    auto file = NewFile::create(path);
    ASSERT_TRUE(file.ok()) << file.error();
    ASSERT_TRUE(file.value().append(new_bytes).ok());
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE(file.value().replace(1, old_bytes).ok());
    EXPECT_EQ(file.value().size(), new_bytes.size());
    ASSERT_TRUE(file.value().commit().ok());
    const std::vector<u8> written = bytes_of_file(path);
    EXPECT_EQ(written.size(), new_bytes.size());
    EXPECT_EQ(std::string(written.begin(), written.begin() + 5), "noldn");
    EXPECT_EQ(scratch.file_count(), 1U);
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    const mode_t mask = umask(0);
    umask(mask);
    EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
}

TEST(NewFile, ReplacesAnOlderOneAtOnce) {
    const Scratch scratch;
    const std::string path = scratch.path("file");
    put_file(path, old_bytes);
    {
        auto given_up = NewFile::create(path);
        ASSERT_TRUE(given_up.value().append(new_bytes).ok());
    }
    EXPECT_EQ(bytes_of_file(path), old_bytes);
    auto file = NewFile::create(path);
    ASSERT_TRUE(file.value().append(new_bytes).ok());
    EXPECT_EQ(bytes_of_file(path), old_bytes);
    ASSERT_TRUE(file.value().commit().ok());
    EXPECT_EQ(bytes_of_file(path), new_bytes);
    EXPECT_EQ(scratch.file_count(), 1U);
}

TEST(NewFile, GoesWhereALinkLeads) {
    const Scratch scratch;
    put_file(scratch.path("target"), old_bytes);
    std::filesystem::create_symlink("target", scratch.path("link"));
    auto file = NewFile::create(scratch.path("link"));
    ASSERT_TRUE(file.value().append(new_bytes).ok());
    ASSERT_TRUE(file.value().commit().ok());
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("link")));
    EXPECT_EQ(bytes_of_file(scratch.path("target")), new_bytes);
}

TEST(NewFile, LeavesNothingWhenItsProcessIsKilled) {
    const Scratch scratch;
    const std::string path = scratch.path("file");
    put_file(path, old_bytes);
    const int status = status_of([&] {
        auto file = NewFile::create(path);
        if (file.ok() && file.value().append(new_bytes).ok()) {
            raise(SIGKILL);
        }
    });
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT_EQ(bytes_of_file(path), old_bytes);
    EXPECT_EQ(scratch.file_count(), 1U);
}

TEST(NewFile, LeavesNothingWhenTheDiskIsFull) {
    const Scratch scratch;
    const std::string path = scratch.path("file");
    constexpr int said_so = 7;
    const int status = status_of([&] {
        const rlimit limit{50'000, 50'000};
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
        auto file = NewFile::create(path);
        const auto written = file.value().append(new_bytes);
        const bool named = !written.ok() && written.error().starts_with(path + ": ");
        _exit(named ? said_so : 1);
    });
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), said_so);
    EXPECT_EQ(scratch.file_count(), 0U);
}

TEST(NewFile, SaysWhyItCannotBe) {
    const Scratch scratch;
    const auto in_no_folder = NewFile::create(scratch.path("none/file"));
    ASSERT_FALSE(in_no_folder.ok());
    EXPECT_EQ(in_no_folder.error(),
              scratch.path("none/file") + ": cannot be written: No such file or directory");
    const auto device = NewFile::create("/dev/null");
    ASSERT_FALSE(device.ok());
    EXPECT_EQ(device.error(), "/dev/null: cannot be written: it is no regular file");
    std::filesystem::create_directory(scratch.path("folder"));
    const auto folder = NewFile::create(scratch.path("folder"));
    ASSERT_FALSE(folder.ok());
    EXPECT_THAT(folder.error(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace ringfence::sim::snapshot
