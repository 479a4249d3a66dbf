// SPDX-License-Identifier: MIT
// fork, wait, exec, pipes and process groups, as a shell uses them.
#include <csignal>
#include <initializer_list>

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

int status_of(pid_t child) {
    int status = -1;
    require(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

void exit_statuses() {
    for (const int code : {0, 1, 127, 255, 256 + 7}) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(code);
        }
        const int status = status_of(child);
        std::printf("child exits with %d: exited %d, code %d\n", code, WIFEXITED(status),
                    WEXITSTATUS(status));
    }
    for (const int signal : {SIGKILL, SIGTERM, SIGSEGV}) {
        const pid_t child = fork();
        if (child == 0) {
            raise(signal);
            _exit(0);
        }
        const int status = status_of(child);
        std::printf("child gets signal %d: signaled %d, signal %d\n", signal, WIFSIGNALED(status),
                    WTERMSIG(status));
    }
}

/// A chain of processes, each of which adds one to what its neighbour sends.
void relay() {
    constexpr int length = 8;
    int first[2];
    require(pipe(first) == 0, "pipe");
    int input = first[0];
    for (int i = 0; i < length; ++i) {
        int next[2];
        require(pipe(next) == 0, "pipe");
        if (fork() == 0) {
            close(first[1]);
            close(next[0]);
            int value;
            while (read(input, &value, sizeof value) == sizeof value) {
                ++value;
                if (write(next[1], &value, sizeof value) != sizeof value) {
                    _exit(1);
                }
            }
            _exit(0);
        }
        close(input);
        close(next[1]);
        input = next[0];
    }
    for (int value = 0; value < 5; ++value) {
        require(write(first[1], &value, sizeof value) == sizeof value, "write");
    }
    close(first[1]);
    int value;
    while (read(input, &value, sizeof value) == sizeof value) {
        std::printf("relayed %d\n", value);
    }
    int failed = 0;
    for (int i = 0; i < length; ++i) {
        int status;
        failed += wait(&status) < 0 || status != 0;
    }
    std::printf("relay members failed: %d\n", failed);
}

/// More bytes than a pipe holds, so that writer and reader must take turns.
void full_pipe() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    constexpr long total = 300000;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        char buffer[7000];
        std::memset(buffer, 'x', sizeof buffer);
        long left = total;
        while (left > 0) {
            const long piece = left < 7000 ? left : 7000;
            const ssize_t written = write(ends[1], buffer, static_cast<size_t>(piece));
            require(written > 0, "write to pipe");
            left -= written;
        }
        _exit(0);
    }
    close(ends[1]);
    char buffer[3000];
    long got = 0;
    for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
        got += count;
    }
    close(ends[0]);
    std::printf("through a pipe: %ld bytes, writer's status %d\n", got, status_of(child));
}

void broken_pipe() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    close(ends[0]);
    const pid_t child = fork();
    if (child == 0) {
        [[maybe_unused]] const ssize_t written = write(ends[1], "x", 1);
        _exit(0);
    }
    const int status = status_of(child);
    std::printf("write without reader: signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    signal(SIGPIPE, SIG_IGN);
    show("write without reader, SIGPIPE ignored", write(ends[1], "x", 1));
    signal(SIGPIPE, SIG_DFL);
}

void wait_variants() {
    errno = 0;
    show("wait without children", wait(nullptr));
    int gate[2];
    require(pipe(gate) == 0, "pipe");
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        _exit(read(gate[0], &byte, 1) == 0 ? 3 : 4);
    }
    show_value("waitpid WNOHANG on a running child", waitpid(child, nullptr, WNOHANG));
    close(gate[1]);
    std::printf("then it exits with %d\n", WEXITSTATUS(status_of(child)));
    show("kill a process that is gone", kill(child, 0));
    show("signal 0 to oneself", kill(getpid(), 0));
}

volatile sig_atomic_t user_signals = 0;

/// A sibling tells the parent of its end as its maker does, whatever signal the maker asks for: a
/// program has no business to choose what its parent gets.
void make_sibling() {
    signal(SIGUSR1, [](int) { user_signals = user_signals + 1; });
    const pid_t child = fork();
    if (child == 0) {
        syscall(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0);
        _exit(0);
    }
    int ended = 0;
    while (wait(nullptr) > 0) {  // signal() lets it go on after the handler
        ++ended;
    }
    std::printf("a child and its sibling: %d ended, SIGUSR1 came %d times\n", ended,
                static_cast<int>(user_signals));
}

void run_self(const char* self) {
    const pid_t child = fork();
    if (child == 0) {
        char name[] = "processes";
        char word[] = "exec'd";
        char variable[] = "COLOR=blue";
        char* arguments[] = {name, word, nullptr};
        char* environment[] = {variable, nullptr};
        execve(self, arguments, environment);
        _exit(126);
    }
    std::printf("program that was executed: %d\n", WEXITSTATUS(status_of(child)));
    char* none[] = {nullptr};
    show("execve of nothing", execve("/nonexistent/program", none, none));
    show("execve of a directory", execve("/tmp", none, none));
}

}  // namespace

int main(int argc, char** argv) {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    if (argc == 2) {
        std::printf("I am %s and COLOR is %s\n", argv[1], getenv("COLOR"));
        return 42;
    }
    exit_statuses();
    relay();
    full_pipe();
    broken_pipe();
    wait_variants();
    std::fflush(stdout);
    make_sibling();
    std::fflush(stdout);
    run_self("/proc/self/exe");
    return 0;
}
