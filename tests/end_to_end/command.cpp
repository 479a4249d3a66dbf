// SPDX-License-Identifier: MIT
#include "tests/end_to_end/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace ringfence::end_to_end {

namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* search_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Pipe {
    std::array<int, 2> ends{};
    Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    void close_end(size_t end) {
        if (ends[end] >= 0) {
            close(ends[end]);
            ends[end] = -1;
        }
    }
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (const std::string& text : strings) {
        list.push_back(const_cast<char*>(text.c_str()));
    }
    list.push_back(nullptr);
    return list;
}

class Child {
public:
    Child(const std::vector<std::string>& command, const CommandOptions& options)
        : options_(options) {
        const auto arguments = pointers(command);
        const auto environment = pointers(options.environment);
        child_ = fork();
        if (child_ == 0) {
            dup2(input_.ends[0], STDIN_FILENO);
            dup2(options.output_file.empty() ? output_.ends[1]
                                             : open(options.output_file.c_str(), O_WRONLY),
                 STDOUT_FILENO);
            dup2(error_.ends[1], STDERR_FILENO);
            signal(SIGPIPE, SIG_DFL);
            if (chdir(options.directory.c_str()) == 0) {
                execve(arguments[0], arguments.data(), environment.data());
            }
            _exit(127);
        }
        input_.close_end(0);
        output_.close_end(1);
        error_.close_end(1);
        fcntl(input_.ends[1], F_SETFL, O_NONBLOCK);
    }

    Outcome finish() {
        const auto start = Clock::now();
        const auto elapsed = [&] {
            return std::chrono::duration<double>(Clock::now() - start).count();
        };
        while (output_.ends[0] >= 0 || error_.ends[0] >= 0) {
            if (elapsed() > options_.patience_seconds) {
                ADD_FAILURE() << "the command did not end";
                kill(child_, SIGKILL);
                break;
            }
            exchange();
        }
        int status = 0;
        waitpid(child_, &status, 0);
        outcome_.seconds = elapsed();
        outcome_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process was left behind";
        return std::move(outcome_);
    }

private:
    void exchange() {
        std::array<pollfd, 3> waits = {{{output_.ends[0], POLLIN, 0},
                                        {error_.ends[0], POLLIN, 0},
                                        {input_.ends[1], POLLOUT, 0}}};
        constexpr int step_ms = 200;
        if (poll(waits.data(), waits.size(), step_ms) <= 0) {
            return;
        }
        if (waits[0].revents != 0) {
            take(output_, outcome_.output);
            react_to_output();
        }
        if (waits[1].revents != 0) {
            take(error_, outcome_.error);
        }
        if (waits[2].revents != 0) {
            feed();
        }
    }

    static void take(Pipe& from, std::string& into) {
        std::array<char, 65536> buffer;
        const ssize_t got = read(from.ends[0], buffer.data(), buffer.size());
        if (got <= 0) {
            from.close_end(0);
        } else {
            into.append(buffer.data(), static_cast<size_t>(got));
        }
    }

    void feed() {
        const ssize_t written =
            send_input(options_.input.data() + fed_, options_.input.size() - fed_);
        if (written < 0 && errno == EAGAIN) {
            return;
        }
        fed_ += written > 0 ? static_cast<size_t>(written) : 0;
        if (written < 0 || fed_ == options_.input.size()) {
            input_.close_end(1);
        }
    }

    /// write without SIGPIPE for us when the command does not read all.
    ssize_t send_input(const char* bytes, size_t count) const {
        const auto before = signal(SIGPIPE, SIG_IGN);
        const ssize_t written = write(input_.ends[1], bytes, count);
        const int error = errno;
        signal(SIGPIPE, before);
        errno = error;
        return written;
    }

    void react_to_output() {
        if (options_.signal != 0 && !signalled_ &&
            outcome_.output.find(options_.signal_after) != std::string::npos) {
            kill(child_, options_.signal);
            signalled_ = true;
        }
        if (options_.close_after != 0 && outcome_.output.size() >= options_.close_after) {
            output_.close_end(0);
        }
    }

    const CommandOptions& options_;
    Pipe input_;
    Pipe output_;
    Pipe error_;
    pid_t child_ = -1;
    size_t fed_ = 0;
    bool signalled_ = false;
    Outcome outcome_;
};

}  // namespace

Outcome execute(const std::vector<std::string>& command, const CommandOptions& options) {
    // What a command leaves running becomes our child, and is noticed.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return Child(command, options).finish();
}

Outcome ringfence(const std::vector<std::string>& arguments, CommandOptions options) {
    std::vector<std::string> command = {RINGFENCE_COMMAND};
    command.insert(command.end(), arguments.begin(), arguments.end());
    if (options.environment.empty()) {
        options.environment = {search_path};
    }
    return execute(command, options);
}

Outcome on_host(const std::vector<std::string>& command, CommandOptions options) {
    options.environment = {search_path,     "HOME=/", "USER=root", "LOGNAME=root",
                           "SHELL=/bin/sh", "LANG=C", "TERM=dumb", "PWD=/"};
    return execute(command, options);
}

std::string guest_program(const std::string& name) {
    return RINGFENCE_GUESTS "/" + name;
}

std::string source_file(const std::string& path) {
    return RINGFENCE_SOURCES "/" + path;
}

}  // namespace ringfence::end_to_end
