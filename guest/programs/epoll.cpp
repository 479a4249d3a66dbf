// SPDX-License-Identifier: MIT
// epoll on pipes and event files: levels, edges, one-shot, signals, timeouts, errors.
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

int change(int set, int operation, int file, std::uint32_t events, std::uint64_t data) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    return epoll_ctl(set, operation, file, &event);
}

/// Waits and prints what came, in the order in which it came.
void show_events(const char* name, int set, int timeout = 0, int most = 8) {
    epoll_event events[8];
    const int count = epoll_wait(set, events, most, timeout);
    show_value(name, count);
    for (int i = 0; i < count; ++i) {
        std::printf("  %llu: %x\n", static_cast<unsigned long long>(events[i].data.u64),
                    events[i].events);
    }
}

void levels_and_edges() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    const int set = epoll_create1(EPOLL_CLOEXEC);
    show("watch the reader", change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET, 1));
    show("watch the writer", change(set, EPOLL_CTL_ADD, ends[1], EPOLLOUT, 2));
    show_events("an empty pipe", set);
    show_value("write", write(ends[1], "abc", 3));
    show_events("a full one", set);
    show_events("the edge is over", set);
    char buffer[4];
    show_value("read a part", read(ends[0], buffer, 1));
    show_events("no edge", set);
    show_value("write", write(ends[1], "d", 1));
    show_events("an edge", set);
    show("watch it once", change(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 3));
    show("forget the writer", epoll_ctl(set, EPOLL_CTL_DEL, ends[1], nullptr));
    show_events("once", set);
    show_events("not twice", set);
    show("once more", change(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 4));
    show_events("once", set);
    show("watch the level", change(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLRDNORM, 5));
    close(ends[1]);
    show_events("nobody writes", set);
    show_value("read the rest", read(ends[0], buffer, 4));
    show_events("hung up", set);
    close(ends[0]);
    show_events("closed", set, 10);
    close(set);
}

/// The interest belongs to the open file, which a duplicate keeps.
void duplicates() {
    int ends[2];
    require(pipe(ends) == 0 && write(ends[1], "x", 1) == 1, "pipe");
    const int set = epoll_create(1);
    const int copy = dup(ends[0]);
    show("watch", change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
    show("watch again", change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
    show("watch the duplicate", change(set, EPOLL_CTL_ADD, copy, EPOLLIN, 2));
    close(ends[0]);
    show_events("both", set);
    show("the closed descriptor", epoll_ctl(set, EPOLL_CTL_DEL, ends[0], nullptr));
    close(copy);
    show_events("none", set);
    close(ends[1]);
    close(set);
}

void turns() {
    const int set = epoll_create1(0);
    int files[5];
    for (int i = 0; i < 5; ++i) {
        files[i] = eventfd(1, EFD_NONBLOCK);
        require(change(set, EPOLL_CTL_ADD, files[i], EPOLLIN, static_cast<unsigned>(i)) == 0,
                "watch");
    }
    for (int round = 0; round < 3; ++round) {
        show_events("two at a time", set, 0, 2);
    }
    for (const int file : files) {
        close(file);
    }
    show_events("all closed", set);
    close(set);
}

void waiting() {
    const int set = epoll_create1(0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    require(change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1) == 0, "watch");
    show_events("nothing comes", set, 20);
    const pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "late", 4) == 4 ? 0 : 1);
    }
    show_events("a child writes", set, -1);
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child");
    close(set);
}

volatile sig_atomic_t caught = 0;

void signals() {
    const int set = epoll_create1(0);
    struct sigaction action{};
    action.sa_handler = [](int) { caught = caught + 1; };
    action.sa_flags = SA_RESTART;
    require(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
    sigset_t blocked;
    sigset_t none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    require(sigprocmask(SIG_BLOCK, &blocked, nullptr) == 0 && raise(SIGUSR1) == 0, "raise");
    epoll_event event;
    show_value("blocked", epoll_pwait(set, &event, 1, 10, nullptr));
    std::printf("caught %d\n", static_cast<int>(caught));
    show_value("open for the call", epoll_pwait(set, &event, 1, -1, &none));
    std::printf("caught %d\n", static_cast<int>(caught));
    sigset_t now;
    require(sigprocmask(SIG_BLOCK, nullptr, &now) == 0, "sigprocmask");
    std::printf("blocked again: %d\n", sigismember(&now, SIGUSR1));
    const timespec short_time{0, 1000};
    show_value("pwait2", syscall(SYS_epoll_pwait2, set, &event, 1, &short_time, nullptr, 8));
    close(set);
}

/// A timer's signal comes while nothing runs: the sets that watch the file are asked then.
void signal_while_idle() {
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    require(sigprocmask(SIG_BLOCK, &alarm_only, nullptr) == 0, "sigprocmask");
    const int file = signalfd(-1, &alarm_only, SFD_NONBLOCK);
    const int readers = epoll_create1(0);
    const int others = epoll_create1(0);
    show("watch for signals", change(readers, EPOLL_CTL_ADD, file, EPOLLIN, 1));
    show("watch for other news", change(others, EPOLL_CTL_ADD, file, EPOLLOUT, 2));
    const itimerval soon{{0, 0}, {0, 5000}};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show_events("no news", others, 50);
    show_events("a signal", readers, -1);
    close(file);
    close(others);
    close(readers);
}

void nested() {
    const int inner = epoll_create1(0);
    const int outer = epoll_create1(0);
    const int file = eventfd(0, EFD_NONBLOCK);
    show("inner", change(inner, EPOLL_CTL_ADD, file, EPOLLIN, 1));
    show("outer", change(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
    show("a circle", change(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3));
    show_events("nothing", outer);
    show("count", eventfd_write(file, 1));
    show_events("outer", outer);
    show_events("inner", inner);
    close(inner);
    show_events("without inner", outer);
    close(outer);
    close(file);
}

void errors() {
    const int set = epoll_create1(0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    epoll_event event{};
    show("no size", epoll_create(0));
    show("flags", epoll_create1(1));
    show("a closed descriptor", change(set, EPOLL_CTL_ADD, 99, EPOLLIN, 0));
    show("a closed set", change(99, EPOLL_CTL_ADD, ends[0], EPOLLIN, 0));
    show("a set that is none", change(ends[1], EPOLL_CTL_ADD, ends[0], EPOLLIN, 0));
    show("itself", change(set, EPOLL_CTL_ADD, set, EPOLLIN, 0));
    show("not there", change(set, EPOLL_CTL_MOD, ends[0], EPOLLIN, 0));
    show("not there", epoll_ctl(set, EPOLL_CTL_DEL, ends[0], nullptr));
    show("an operation", change(set, 4, ends[0], EPOLLIN, 0));
    show("no event", epoll_ctl(set, EPOLL_CTL_ADD, ends[0], nullptr));
    show("exclusive", change(set, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLEXCLUSIVE, 0));
    show("modify it", change(set, EPOLL_CTL_MOD, ends[0], EPOLLIN, 0));
    for (const char* path : {"/dev/null", "/dev/zero", "/tmp", "/proc/self/exe"}) {
        const int file = open(path, O_RDONLY);
        require(file >= 0, path);
        show(path, change(set, EPOLL_CTL_ADD, file, EPOLLIN, 0));
        close(file);
    }
    show_value("room for none", epoll_wait(set, &event, 0, 0));
    show_value("less than none", epoll_wait(set, &event, -1, 0));
    show_value("wait for a pipe", epoll_wait(ends[0], &event, 1, 0));
    show_value("wait for nothing", epoll_wait(99, &event, 1, 0));
    show_value("the kernel half", syscall(SYS_epoll_wait, set, 0xffff888000000000UL, 1, 0));
    show_value("something to read", write(ends[1], "x", 1));
    show_value("read-only memory", syscall(SYS_epoll_wait, set, "text", 1, 0));
    show_events("still there", set);
    show_value("read", read(set, &event, sizeof event));
    show_value("write", write(set, &event, sizeof event));
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    levels_and_edges();
    duplicates();
    turns();
    waiting();
    signals();
    signal_while_idle();
    nested();
    errors();
    return 0;
}
