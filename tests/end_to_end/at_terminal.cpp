// SPDX-License-Identifier: MIT
#include "tests/end_to_end/at_terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace ringfence::end_to_end {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{60};  // hosts may be busy

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& errors_to,
                         int terminal) {
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        dup2(terminal, stream);
    }
    if (!errors_to.empty()) {
        dup2(open(errors_to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
             STDERR_FILENO);
    }
    setenv("TERM", "vt100", 1);
    std::vector<std::string> words = {RINGFENCE_COMMAND};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    execv(RINGFENCE_COMMAND, argv.data());
    _exit(127);
}

}  // namespace

AtTerminal::AtTerminal(const std::vector<std::string>& arguments, const std::string& errors_to) {
    const winsize size{.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
    EXPECT_EQ(tcgetattr(slave_, &before_), 0);
    fcntl(master_, F_SETFD, FD_CLOEXEC);
    fcntl(slave_, F_SETFD, FD_CLOEXEC);
    child_ = fork();
    if (child_ == 0) {
        become(arguments, errors_to, slave_);
    }
    EXPECT_GT(child_, 0);
}

AtTerminal::~AtTerminal() {
    if (child_ > 0) {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    close(master_);
    close(slave_);
}

void AtTerminal::type(const std::string& keys) const {
    EXPECT_EQ(write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

bool AtTerminal::read_more(int milliseconds) {
    pollfd wait{.fd = master_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, milliseconds) <= 0) {
        return false;
    }
    std::array<char, 4096> bytes{};
    const ssize_t got = read(master_, bytes.data(), bytes.size());
    screen_.append(bytes.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
}

bool AtTerminal::sees(const std::string& text) {
    constexpr int step = 100;
    const auto deadline = Clock::now() + patience;
    for (;;) {
        if (const size_t place = screen_.find(text, seen_); place != std::string::npos) {
            seen_ = place + text.size();
            return true;
        }
        siginfo_t end{};
        const bool ended =
            waitid(P_PID, static_cast<id_t>(child_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            end.si_pid == child_;
        const bool more = read_more(step);
        if (!more && (ended || Clock::now() >= deadline)) {
            return false;
        }
    }
}

void AtTerminal::set_size(unsigned short rows, unsigned short columns) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(ioctl(master_, TIOCSWINSZ, &size), 0);
}

void AtTerminal::send_signal(int number) const {
    EXPECT_EQ(kill(child_, number), 0);
}

bool AtTerminal::is_as_before() const {
    termios now{};
    EXPECT_EQ(tcgetattr(slave_, &now), 0);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag && now.c_cflag == before_.c_cflag;
}

int AtTerminal::wait() {
    constexpr int step = 50;
    const auto deadline = Clock::now() + patience;
    int status = 0;
    while (waitpid(child_, &status, WNOHANG) == 0) {
        if (Clock::now() >= deadline) {
            return -1;
        }
        read_more(step);
    }
    while (read_more(0)) {
    }
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ringfence::end_to_end
