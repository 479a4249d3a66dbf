// SPDX-License-Identifier: MIT
// Calls that fail half way, and some that do not: done many times, they leave nothing in the
// kernel. Runs on this project's kernel only, which says what it holds.
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "guest/endurance/terminal_ends.h"
#include "guest/endurance/traced_children.h"
#include "guest/endurance/usage.h"

namespace {

using endurance::Usage;

constexpr long bad_pointer = 8;

void require(bool condition, const char* what) {
    if (!condition) {
        std::perror(what);
        std::exit(99);
    }
}

/// A child that ends at once.
void fork_once() {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    require(waitpid(child, nullptr, 0) == child, "wait");
}

void clone_without_a_place_for_its_pidfd() {
    require(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, bad_pointer, 0, 0) < 0, "clone");
}

void clone_with_bad_thread_pointer() {
    require(syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, 0xffff'8000'0000'0000) < 0,
            "clone");
    require(syscall(SYS_clone,
                    CLONE_SETTLS | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
                    0, 0, 0, ~0UL) < 0,
            "clone of a thread");
}

void descriptors_to_nowhere() {
    require(syscall(SYS_pipe2, bad_pointer, 0) < 0, "pipe");
    require(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bad_pointer) < 0, "socketpair");
    require(syscall(SYS_timer_create, CLOCK_MONOTONIC, 0, bad_pointer) < 0, "timer_create");
}

void programs_that_are_none() {
    char* const arguments[] = {const_cast<char*>("x"), nullptr};
    require(execv("/dev/null", arguments) < 0, "execve");
    require(syscall(SYS_execve, "/proc/self/exe", bad_pointer, 0) < 0, "execve");
    require(execv("/proc/self/maps", arguments) < 0, "execve");
}

void hidden_pages() {
    constexpr size_t page = 4096;
    char* const area = static_cast<char*>(
        mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    require(area != MAP_FAILED, "mmap");
    for (size_t i = 0; i < 4; ++i) {
        area[i * page] = 1;
    }
    mprotect(area, page, PROT_NONE);
    require(munmap(area, 4 * page) == 0, "munmap");
}

void descriptors_in_a_circle() {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    require(sendmsg(ends[0], &message, 0) == 1, "sendmsg");
    close(ends[0]);
    close(ends[1]);
}

void watched_files() {
    const int set = epoll_create1(0);
    int ends[2];
    require(set >= 0 && pipe(ends) == 0, "pipe");
    epoll_event event{EPOLLIN, {.u64 = 1}};
    require(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll_ctl");
    close(ends[0]);
    close(set);
    close(ends[1]);
}

void exchanged_directories() {
    mkdir("/tmp/o", 0700);
    mkdir("/tmp/o/i", 0700);
    require(syscall(SYS_renameat2, AT_FDCWD, "/tmp/o/i", AT_FDCWD, "/tmp/o", 2) < 0, "renameat2");
    require(rmdir("/tmp/o/i") == 0 && rmdir("/tmp/o") == 0, "rmdir");
}

void queued_signals() {
    const pid_t child = fork();
    if (child == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, nullptr);
        for (int i = 0; i < 50; ++i) {
            sigqueue(getpid(), SIGRTMIN + 1, {.sival_int = i});
        }
        _exit(0);
    }
    require(waitpid(child, nullptr, 0) == child, "wait");
}

/// A terminal that controls a session, with something unread at both ends, and its hang-up.
void terminals_that_are_hung_up() {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGHUP, SIG_IGN);
        setsid();
        const endurance::TerminalEnds ends = endurance::open_terminal(0);
        require(ends.terminal >= 0 && ioctl(ends.terminal, TIOCSCTTY, 0) == 0, "a terminal");
        require(write(ends.master, "typed\nhalf", 10) == 10, "write");
        require(open("/dev/tty", O_RDWR) >= 0, "/dev/tty");
        close(ends.master);
        require(write(ends.terminal, "x", 1) < 0, "hang-up");
        _exit(0);
    }
    require(waitpid(child, nullptr, 0) == child, "wait");
}

void requests_that_terminals_refuse() {
    const endurance::TerminalEnds ends = endurance::open_terminal(O_NONBLOCK);
    require(ioctl(ends.terminal, TCGETS, bad_pointer) < 0, "TCGETS");
    require(ioctl(ends.master, TIOCSPTLCK, bad_pointer) < 0, "TIOCSPTLCK");
    require(ioctl(ends.master, TIOCSWINSZ, bad_pointer) < 0, "TIOCSWINSZ");
    require(syscall(SYS_write, ends.master, bad_pointer, 8) < 0, "write");
    int locked = 1;
    require(ioctl(ends.master, TIOCSPTLCK, &locked) == 0, "TIOCSPTLCK");
    require(ioctl(ends.master, TIOCGPTPEER, O_RDWR) < 0, "TIOCGPTPEER");
    close(ends.terminal);
    close(ends.master);
}

void locks_of_a_file_that_stays() {
    const int file = open("/dev/zero", O_RDWR);
    struct flock record{};
    record.l_type = F_WRLCK;
    require(flock(file, LOCK_EX) == 0 && fcntl(file, F_SETLK, &record) == 0, "lock");
    close(file);
}

void traced_children() {
    for (unsigned variant = 0; variant < 12; ++variant) {
        endurance::trace_a_child(variant);
    }
}

struct Case {
    const char* name;
    void (*run)();
};
constexpr Case cases[] = {
    {"fork", fork_once},
    {"clone with a bad thread pointer", clone_with_bad_thread_pointer},
    {"clone with a bad place for a pidfd", clone_without_a_place_for_its_pidfd},
    {"descriptors that cannot be told", descriptors_to_nowhere},
    {"execve of what is no program", programs_that_are_none},
    {"pages without access", hidden_pages},
    {"sockets in a circle", descriptors_in_a_circle},
    {"files that are watched", watched_files},
    {"directories that cannot be exchanged", exchanged_directories},
    {"signals that nobody takes", queued_signals},
    {"locks of a file that stays", locks_of_a_file_that_stays},
    {"terminals that are hung up", terminals_that_are_hung_up},
    {"requests that terminals refuse", requests_that_terminals_refuse},
    {"traced children", traced_children}};

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    constexpr int times = 100;
    bool nothing_left = true;
    endurance::touch_program();
    for (const Case& each : cases) {
        each.run();  // lists grow to what they need
        each.run();
        const Usage before = Usage::read();
        for (int i = 0; i < times; ++i) {
            each.run();
        }
        const bool same = Usage::read().same_as(before, 0);
        std::printf("%s: %s\n", each.name, same ? "nothing left" : "LEAKS");
        nothing_left = nothing_left && same;
    }
    return nothing_left ? 0 : 1;
}
