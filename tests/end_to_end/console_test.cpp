// SPDX-License-Identifier: MIT
// A program at a terminal: the guest's console is the user's, and the user gets it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/end_to_end/at_terminal.h"
#include "tests/end_to_end/command.h"
#include "tests/end_to_end/setups.h"
#include "tests/end_to_end/tiny_kernel.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::ScratchDirectory;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* interrupt = "\x03";
constexpr const char* end_of_file = "\x04";
constexpr const char* quit = "\x1c";
constexpr const char* suspend = "\x1a";

std::vector<std::string> in_shell(const std::string& script) {
    return {"run", "--quiet", "--", "/bin/busybox", "sh", "-c", script};
}

class ConsoleShell : public ::testing::TestWithParam<size_t> {
protected:
    static std::vector<std::string> arguments() {
        return run_arguments(setups()[GetParam()], {"--quiet", "--env", "PS1=ready> "},
                             {"/bin/bash", "--norc", "--noprofile"});
    }
};

/// Bash with its own line editor: jobs, keys, sizes, and its status.
TEST_P(ConsoleShell, HasItsJobsKeysAndWindow) {
    AtTerminal user(arguments());
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();
    EXPECT_FALSE(user.is_as_before());
    EXPECT_THAT(user.screen(), Not(HasSubstr("no job control")));
    user.type(
        "echo abx\x7f"
        "c$((1+1))\r");  // a character is rubbed out
    EXPECT_TRUE(user.sees("abc2\r\n")) << user.screen();
    ASSERT_TRUE(user.sees("ready> "));

    // Keys are typed when it has said, in other words, that it is ready for them.
    user.type("echo st$((1))rt; while :; do :; done\r");  // busy in user mode
    ASSERT_TRUE(user.sees("st1rt")) << user.screen();
    user.type(interrupt);
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();

    user.type("echo st$((2))rt; read line\r");  // the kernel's line editor, and idle
    ASSERT_TRUE(user.sees("st2rt")) << user.screen();
    user.type(
        "abx\x7f"
        "c\r");
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();
    user.type("echo \"<$line>\"\r");
    EXPECT_TRUE(user.sees("<abc>\r\n")) << user.screen();
    ASSERT_TRUE(user.sees("ready> "));

    user.type("echo st$((3))rt; read -t 1000 line\r");
    ASSERT_TRUE(user.sees("st3rt")) << user.screen();
    user.type(interrupt);
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();
    user.type("(kill -STOP $BASHPID; exit 5)\r");
    ASSERT_TRUE(user.sees("Stopped")) << user.screen();
    ASSERT_TRUE(user.sees("ready> "));
    user.type("fg; echo after $?\r");
    EXPECT_TRUE(user.sees("after 5\r\n")) << user.screen();
    ASSERT_TRUE(user.sees("ready> "));

    user.type("exit 7\r");
    EXPECT_EQ(user.wait(), 7) << user.screen();
    EXPECT_TRUE(user.is_as_before());
}

INSTANTIATE_TEST_SUITE_P(Everywhere, ConsoleShell, ::testing::Range<size_t>(0, setups().size()),
                         [](const auto& info) { return std::string(setups()[info.param].name); });

TEST(Console, IsATerminalThatControlsTheProgramsSession) {
    AtTerminal user(
        in_shell("test -t 0 && test -t 1 && test -t 2 && echo all three; tty; echo $TERM;"
                 "stty size; stty -a | grep -o 'isig\\|icanon' ; cut -d' ' -f5-8 /proc/self/stat;"
                 "exec 3<>/dev/tty && echo own >&3; exit 3"));
    EXPECT_EQ(user.wait(), 3);
    EXPECT_THAT(user.screen(), HasSubstr("all three\r\n/dev/console\r\nvt100\r\n30 100\r\n"));
    EXPECT_THAT(user.screen(), HasSubstr("own\r\n"));
    EXPECT_TRUE(user.is_as_before());
}

TEST(Console, QuitsTheProgram) {
    AtTerminal user(in_shell("echo ready; exec sleep 1000"));
    ASSERT_TRUE(user.sees("ready")) << user.screen();
    user.type(quit);
    EXPECT_EQ(user.wait(), 128 + SIGQUIT);
    EXPECT_THAT(user.screen(), HasSubstr("^\\"));
    EXPECT_TRUE(user.is_as_before());
}

TEST(Console, SuspendsWhatIsInTheForeground) {
    AtTerminal user({"run", "--quiet", "--env", "PS1=ready> ", "--", "/bin/busybox", "sh"});
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();
    // It says itself when it can be stopped, and that it goes on: with other words than are typed.
    user.type(
        "/bin/busybox sh -c 'trap \"echo b$((1))ck\" CONT; echo st$((1))rt;"
        "while :; do :; done'\r");
    ASSERT_TRUE(user.sees("st1rt")) << user.screen();
    user.type(suspend);
    ASSERT_TRUE(user.sees("Stopped")) << user.screen();
    ASSERT_TRUE(user.sees("ready> "));
    user.type("fg\r");
    ASSERT_TRUE(user.sees("b1ck")) << user.screen();
    user.type(interrupt);
    ASSERT_TRUE(user.sees("ready> ")) << user.screen();
    user.type(end_of_file);
    EXPECT_NE(user.wait(), -1);
    EXPECT_TRUE(user.is_as_before());
}

TEST(Console, TellsOfAnotherSize) {
    for (const char* machine : {"builtin", "qemu"}) {
        AtTerminal user({"run", "--quiet", "--machine", machine, "--", "/bin/busybox", "sh", "-c",
                         "trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 1; done"});
        ASSERT_TRUE(user.sees("ready")) << user.screen();
        user.set_size(50, 132);
        EXPECT_TRUE(user.sees("50 132")) << machine << user.screen();
        EXPECT_EQ(user.wait(), 4);
    }
}

TEST(Console, KeysReachAProgramThatOnlyWaits) {
    AtTerminal user(
        in_shell("stty -icanon -echo; echo ready; dd bs=1 count=1 2>/dev/null; stty sane"));
    ASSERT_TRUE(user.sees("ready")) << user.screen();
    user.type("q");
    EXPECT_TRUE(user.sees("q")) << user.screen();
    EXPECT_EQ(user.wait(), 0);
}

TEST(Console, IsLeftByItsEscape) {
    AtTerminal user({"run", "--", "/bin/busybox", "sh", "-c", "echo ready; sleep 1000"});
    EXPECT_TRUE(user.sees("Ctrl-A X leaves")) << user.screen();
    ASSERT_TRUE(user.sees("ready")) << user.screen();
    user.type("\x01x");
    EXPECT_EQ(user.wait(), 0);
    EXPECT_TRUE(user.is_as_before());
}

TEST(Console, IsGivenBackWhateverEndsTheRun) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        AtTerminal user(in_shell("echo ready; while :; do :; done"));
        ASSERT_TRUE(user.sees("ready")) << user.screen();
        EXPECT_FALSE(user.is_as_before());
        user.send_signal(number);
        EXPECT_EQ(user.wait(), number == SIGINT ? 130 : 143);
        EXPECT_TRUE(user.is_as_before()) << number;
    }
    AtTerminal killed(in_shell("kill -9 $$"));
    EXPECT_EQ(killed.wait(), 128 + SIGKILL);
    EXPECT_TRUE(killed.is_as_before());
    AtTerminal late({"run", "--quiet", "--timeout", "2", "--", "/bin/busybox", "sleep", "1000"});
    EXPECT_EQ(late.wait(), 124);
    EXPECT_TRUE(late.is_as_before());
    AtTerminal missing({"run", "--quiet", "--", "/bin/busybox", "no-such-applet"});
    EXPECT_EQ(missing.wait(), 127);
    EXPECT_TRUE(missing.is_as_before());
}

TEST(Console, IsGivenBackByAPanic) {
    using namespace std::string_view_literals;
    // mov dx, 0xf4; mov eax, 0x11; out dx, eax
    constexpr auto panics = "\x66\xba\xf4\x00\xb8\x11\x00\x00\x00\xef\xeb\xfe"sv;
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel(panics));
    for (const char* machine : {"builtin", "qemu"}) {
        AtTerminal user({"run", "--quiet", "--machine", machine, "--kernel-image", kernel, "--",
                         "/bin/busybox", "true"});
        EXPECT_EQ(user.wait(), 125);
        EXPECT_THAT(user.screen(), HasSubstr("kernel panic: the kernel stopped itself\r\n"));
        EXPECT_TRUE(user.is_as_before());
    }
}

TEST(Console, LeavesAloneWhatLeadsElsewhere) {
    const ScratchDirectory directory;
    const std::string errors = directory / "errors";
    AtTerminal user(in_shell("echo out; echo err >&2; test -t 2 || echo apart"), errors);
    EXPECT_EQ(user.wait(), 0);
    EXPECT_THAT(user.screen(), HasSubstr("out\r\napart\r\n"));
    std::stringstream text;
    text << std::ifstream(errors).rdbuf();
    EXPECT_EQ(text.str(), "err\n");
}

TEST(Console, IsNoTerminalIfTheUserWantsPipes) {
    AtTerminal user({"run", "--quiet", "--no-tty", "--", "/bin/busybox", "sh", "-c",
                     "test -t 0 || echo pipes; ls /dev/console; echo $TERM"});
    EXPECT_EQ(user.wait(), 0);
    EXPECT_THAT(user.screen(), HasSubstr("pipes\r\n"));
    EXPECT_THAT(user.screen(), HasSubstr("No such file"));
    EXPECT_THAT(user.screen(), HasSubstr("dumb\r\n"));
    EXPECT_TRUE(user.is_as_before());
}

}  // namespace
}  // namespace ringfence::end_to_end
