// SPDX-License-Identifier: MIT
#include "lab/terminal/raw_terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace ringfence::lab::terminal {
namespace {

/// Runs `body` in a child whose standard input is a terminal; answers whether the terminal echoes
/// while it runs and afterwards. The child writes a byte to say that it is ready, and waits for
/// one.
struct Echo {
    bool during;
    bool after;
};
using Body = std::function<void(const std::function<void()>& pause)>;

Echo echo_around(const Body& body) {
    int ours = -1;
    int theirs = -1;
    EXPECT_EQ(openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    int ready[2];
    int go_on[2];
    EXPECT_EQ(pipe(ready) + pipe(go_on), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(theirs, STDIN_FILENO);
        body([&] {
            char byte = 0;
            static_cast<void>(write(ready[1], &byte, 1) + read(go_on[0], &byte, 1));
        });
        _exit(0);
    }
    const auto echoes = [&] {
        termios modes{};
        EXPECT_EQ(tcgetattr(theirs, &modes), 0);
        return (modes.c_lflag & ECHO) != 0;
    };
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    const bool during = echoes();
    EXPECT_EQ(write(go_on[1], &byte, 1), 1);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    const Echo result{during, echoes()};
    for (const int file : {ours, theirs, ready[0], ready[1], go_on[0], go_on[1]}) {
        close(file);
    }
    return result;
}

TEST(RawTerminal, IsPutBackByItsDestructor) {
    const Echo echo = echo_around([](const auto& pause) {
        const RawTerminal raw;
        pause();
    });
    EXPECT_FALSE(echo.during);
    EXPECT_TRUE(echo.after);
}

TEST(RawTerminal, IsPutBackByExit) {
    const Echo echo = echo_around([](const auto& pause) {
        const RawTerminal raw;
        pause();
        std::exit(1);
    });
    EXPECT_FALSE(echo.during);
    EXPECT_TRUE(echo.after);
}

TEST(RawTerminal, IsPutBackByACrash) {
    const Echo echo = echo_around([](const auto& pause) {
        const RawTerminal raw;
        pause();
        std::raise(SIGSEGV);
    });
    EXPECT_FALSE(echo.during);
    EXPECT_TRUE(echo.after);
}

TEST(RawTerminal, LeavesAloneWhatIsNoTerminal) {
    const pid_t child = fork();
    if (child == 0) {
        close(STDIN_FILENO);
        const RawTerminal raw;
        RawTerminal::restore();
        _exit(0);
    }
    int how = -1;
    EXPECT_EQ(waitpid(child, &how, 0), child);
    EXPECT_EQ(how, 0);
}

}  // namespace
}  // namespace ringfence::lab::terminal
