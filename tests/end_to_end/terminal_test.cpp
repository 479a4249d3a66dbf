// SPDX-License-Identifier: MIT
// What of pseudo-terminals cannot be compared with the host, whose own ones are in use: how many
// there are and may be, and where they are mounted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::HasSubstr;

Outcome in_guest(const std::string& script) {
    return ringfence({"run", "--quiet", "--", "/bin/busybox", "sh", "-c", script});
}

TEST(PseudoTerminals, AreNoMoreThanTheyMayBe) {
    const Outcome outcome = in_guest(
        "cd /proc/sys/kernel/pty; cat max; echo 2 >max; echo x >max; cat max nr;"
        "exec 3<>/dev/ptmx 4<>/dev/ptmx; (exec 5<>/dev/ptmx); cat nr; ls /dev/pts;"
        "exec 3>&-; ls /dev/pts; exec 3<>/dev/ptmx; ls /dev/pts");
    EXPECT_EQ(outcome.output, "4096\n2\n0\n2\n0\n1\nptmx\n1\nptmx\n0\n1\nptmx\n");
    EXPECT_THAT(outcome.error, HasSubstr("Invalid argument"));
    EXPECT_THAT(outcome.error, HasSubstr("/dev/ptmx: No space left on device"));
}

TEST(PseudoTerminals, BelongToWhomeverMadeThem) {
    const Outcome outcome = in_guest(
        "grep pts /proc/mounts; exec 3<>/dev/ptmx; stat -c '%A %u %g %t %T' /dev/pts/0 /dev/ptmx;"
        "stat -f -c %t /dev/pts");
    EXPECT_EQ(outcome.output,
              "devpts /dev/pts devpts rw,gid=5,mode=620,ptmxmode=000 0 0\n"
              "crw--w---- 0 5 88 0\ncrw-rw-rw- 0 0 5 2\n1cd1\n");
}

TEST(PseudoTerminals, AreThereWhateverWasPacked) {
    const std::string file = source_file("guest/workloads/shell.sh");
    std::vector<std::string> arguments = {"run", "--quiet"};
    for (const char* place : {"/dev/ptmx", "/dev/pts/0", "/dev/null", "/dev/stdin", "/dev/shm"}) {
        arguments.insert(arguments.end(), {"--file", file + "=" + place});
    }
    arguments.insert(arguments.end(), {"--", "/bin/busybox", "sh", "-c",
                                       "stat -c '%F %t %T' /dev/ptmx /dev/null; ls /dev/pts;"
                                       "readlink /dev/stdin; ls -d /dev/shm/."});
    EXPECT_EQ(ringfence(arguments).output,
              "character special file 5 2\ncharacter special file 1 3\nptmx\n"
              "/proc/self/fd/0\n/dev/shm/.\n");
}

TEST(PseudoTerminals, LeaveEveryRuleOfIsolationAlone) {
    const Outcome outcome = ringfence({"run", "--monitor", "--", guest_program("pty_sessions")});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.error, HasSubstr("every rule held"));
}

}  // namespace
}  // namespace ringfence::end_to_end
