// SPDX-License-Identifier: MIT
// Programs behave in the guest as on this host: standard output, standard error and exit status are
// the same, byte for byte, in both designs and on both machines.
#include <gtest/gtest.h>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/needs.h"
#include "tests/end_to_end/setups.h"

namespace ringfence::end_to_end {
namespace {

struct Program {
    const char* name;
    std::vector<std::string> command;
    std::string input{};
    std::vector<std::string> options{};
    Needs needs = Needs::Nothing;
};

std::string binary_input() {
    std::string bytes;
    for (unsigned i = 0; i < 100000; ++i) {
        bytes += static_cast<char>((i * 2654435761U) >> 24U);
    }
    return bytes;
}

std::vector<std::string> shell(const std::string& script) {
    return {"/bin/busybox", "sh", "-c", script};
}

std::vector<Program> make_programs() {
    std::vector<Program> list = {
        {"after_sleep", {guest_program("after_sleep")}},
        {"bad_pointers", {guest_program("bad_pointers")}},
        {"calls", {guest_program("calls")}},
        {"capabilities", {guest_program("capabilities")}},
        {"cpu_modes", {guest_program("cpu_modes")}},
        {"cpu_modes_of_faults", {guest_program("cpu_modes"), "faults"}, {}, {}, Needs::ResumeFlag},
        {"cpu_timers", {guest_program("cpu_timers")}},
        {"descriptor_information", {guest_program("descriptor_information")}},
        {"epoll", {guest_program("epoll")}},
        {"every_pointer", {guest_program("every_pointer")}},
        {"extended_state", {guest_program("extended_state")}},
        {"file_locks", {guest_program("file_locks")}},
        {"file_signals", {guest_program("file_signals")}},
        {"files", {guest_program("files")}},
        {"hardware_breakpoints", {guest_program("hardware_breakpoints")}, {}, {}, Needs::Tracing},
        {"hostile_tracing", {guest_program("hostile_tracing")}, {}, {}, Needs::Tracing},
        {"inet6_datagrams", {guest_program("inet6_datagrams")}, {}, {}, Needs::Inet6},
        {"inet6_sockets", {guest_program("inet6_sockets")}, {}, {}, Needs::Inet6},
        {"inet_names", {guest_program("inet_names")}},
        {"inet_sockets", {guest_program("inet_sockets")}},
        {"ipc_messages", {guest_program("ipc_messages")}},
        {"ipc_semaphores", {guest_program("ipc_semaphores")}},
        {"ipc_shared_memory", {guest_program("ipc_shared_memory")}},
        {"ldt", {guest_program("ldt")}, {}, {}, Needs::LocalSegments},
        {"memory", {guest_program("memory")}},
        {"netlink", {guest_program("netlink")}, {}, {}, Needs::Inet6},
        {"numbers", {guest_program("numbers")}},
        {"pidfds", {guest_program("pidfds")}},
        {"posix_notifications", {guest_program("posix_notifications")}},
        {"posix_queues", {guest_program("posix_queues")}},
        {"processes", {guest_program("processes")}},
        {"pty_lines", {guest_program("pty_lines")}},
        {"pty_sessions", {guest_program("pty_sessions")}},
        {"ptys", {guest_program("ptys")}},
        {"robust_locks", {guest_program("robust_locks")}},
        {"running_files", {guest_program("running_files")}},
        {"scheduling", {guest_program("scheduling")}},
        {"seals", {guest_program("seals")}},
        {"sharing", {guest_program("sharing")}},
        {"signals", {guest_program("signals")}},
        {"splices", {guest_program("splices")}},
        {"timers", {guest_program("timers")}},
        {"streams_empty", {guest_program("streams")}},
        {"streams_binary", {guest_program("streams")}, binary_input()},
        {"traced_registers", {guest_program("traced_registers")}, {}, {}, Needs::Tracing},
        {"tracing", {guest_program("tracing")}, {}, {}, Needs::Tracing},
        {"unix_messages", {guest_program("unix_messages")}},
        {"unix_sockets", {guest_program("unix_sockets")}},
        {"vdso", {guest_program("vdso")}},
        {"vsyscall", {guest_program("vsyscall")}},
        {"watches", {guest_program("watches")}},
        {"workload",
         {"/bin/busybox", "sh", source_file("guest/workloads/shell.sh")},
         {},
         {"--file", source_file("guest/workloads/shell.sh")}},
        {"applets", {"/bin/busybox", "--list"}},
        {"every_applet",
         {"/bin/busybox", "sh", source_file("guest/workloads/applets.sh")},
         {},
         {"--file", source_file("guest/workloads/applets.sh")}},
        {"no_such_applet", {"/bin/busybox", "nothing-of-that-name"}},
        {"sha256sum", {"/bin/busybox", "sha256sum", "/bin/busybox"}},
        {"sort_input", {"/bin/busybox", "sort"}, "pear\napple\nfig\n"},
        {"shell_status", shell("exit 7")},
        {"shell_killed", shell("kill -TERM $$")},
        {"shell_both_streams", shell("echo out; echo err >&2; echo out again")},
        {"shell_reads_lines", shell("while read -r x; do echo \"<$x>\"; done"), "a\nb c\n\nlast"},
        {"shell_pipeline", shell("seq 1 2000 | grep 7 | sort -rn | head -n 5 | tr '\\n' ' '")},
        {"shell_background", shell("(sleep 0.05; echo late) & echo soon; wait; echo done")},
        {"shell_here_document", shell("cat <<END\nhello $((6 * 7))\nEND")},
        {"shell_not_found", shell("no-such-command; echo $?")},
        {"shell_substitution", shell("x=$(echo a; echo b >/dev/null; false); echo \"$x $?\"")},
        {"arguments", {"/bin/busybox", "printf", "%s|", "", "a b", "\xff\x01", "*"}},
        {"environment", shell("echo $HOME $USER $PATH $SHELL $LANG $TERM; pwd")},
        {"dynamic_sort", {"/usr/bin/sort", "-n"}, "10\n9\n-1\n"},
        {"dynamic_sha256sum",
         {"/usr/bin/sha256sum", "/bin/busybox"},
         {},
         {"--file", "/bin/busybox"}},
        {"dynamic_script", {source_file("guest/workloads/script.sh"), "a", "b c"}, {}, {}},
        {"dd_large", shell("dd if=/dev/zero bs=64k count=40 2>/dev/null | md5sum")},
    };
    for (const char* how :
         {"abort", "divide", "null", "kernel-address", "non-canonical", "read-only", "execute-data",
          "illegal", "privileged", "breakpoint", "stack"}) {
        list.push_back({how, {guest_program("end"), how}});
    }
    for (const char* status : {"0", "1", "125", "126", "127", "255"}) {
        list.push_back({"exit", {guest_program("end"), "exit", status}});
    }
    for (const char* signal : {"1", "2", "9", "15", "34"}) {
        list.push_back({"raise", {guest_program("end"), "raise", signal}});
    }
    return list;
}

const std::vector<Program>& programs() {
    static const std::vector<Program> list = make_programs();
    return list;
}

class ProgramInGuest : public ::testing::TestWithParam<std::tuple<size_t, size_t>> {};

TEST_P(ProgramInGuest, BehavesAsOnTheHost) {
    const Place& setup = setups()[std::get<0>(GetParam())];
    const Program& program = programs()[std::get<1>(GetParam())];
    if (const std::string_view why = obstacle(program.needs, setup); !why.empty()) {
        GTEST_SKIP() << why;
    }
    const Outcome expected = on_host(program.command, {.input = program.input});
    const Outcome actual =
        ringfence(run_arguments(setup, program.options, program.command), {.input = program.input});
    EXPECT_EQ(actual.status, expected.status);
    EXPECT_EQ(actual.output, expected.output);
    EXPECT_EQ(actual.error, expected.error);
}

std::string test_name(const ::testing::TestParamInfo<std::tuple<size_t, size_t>>& info) {
    const Program& program = programs()[std::get<1>(info.param)];
    std::string name = std::string(setups()[std::get<0>(info.param)].name) + "_" + program.name;
    const std::string kind = program.name;
    if (kind == "exit" || kind == "raise") {
        name += "_" + program.command.back();
    }
    for (char& letter : name) {
        letter = letter == '-' ? '_' : letter;
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, ProgramInGuest,
                         ::testing::Combine(::testing::Range(size_t{0}, setups().size()),
                                            ::testing::Range(size_t{0}, programs().size())),
                         test_name);

/// What processors do differs, and hosts with 32-bit system calls do something else again.
TEST(LocalSegments, SystemCallsOf32BitCodeAreRefused) {
    const auto on = [](const char* cpu) {
        return ringfence({"run", "--cpu", cpu, "--", guest_program("ldt"), "system-call"}).output;
    };
    EXPECT_EQ(on("skylake-sp"), "signal 4, EAX 0\n");  // there is no such instruction: SIGILL
    EXPECT_EQ(on("zen2"), "signal 5, EAX -38\n");      // ENOSYS, and on to the breakpoint
}

TEST(LocalSegments, EveryRuleOfIsolationHolds) {
    const Outcome outcome = ringfence({"run", "--monitor", "--", guest_program("ldt")});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_NE(outcome.error.find("every rule held"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace ringfence::end_to_end
