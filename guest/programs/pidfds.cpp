// SPDX-License-Identifier: MIT
// pidfds: opening them, signals by them, waiting for their processes, and other processes' files.
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include "guest/programs/caught_signals.h"
#include "guest/programs/children.h"

namespace {

constexpr idtype_t by_descriptor = static_cast<idtype_t>(3);  // P_PIDFD

int open_process(pid_t process, unsigned flags = 0) {
    return static_cast<int>(syscall(SYS_pidfd_open, process, flags));
}
long send_to(int process, int number, const siginfo_t* information = nullptr, unsigned flags = 0) {
    return syscall(SYS_pidfd_send_signal, process, number, information, flags);
}
long take_file(int process, int descriptor, unsigned flags = 0) {
    return syscall(SYS_pidfd_getfd, process, descriptor, flags);
}

void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

/// A child that sleeps until a signal ends it.
pid_t start_sleeper() {
    return children::start([] {
        for (;;) {
            pause();
        }
        return 0;
    });
}

bool is_readable(int file, int timeout) {
    pollfd entry{.fd = file, .events = POLLIN, .revents = 0};
    return poll(&entry, 1, timeout) == 1 && (entry.revents & POLLIN) != 0;
}

void show_end(const char* name, long result, const siginfo_t& ended) {
    if (result < 0) {
        show(name, result);
    } else {
        std::printf("%s: signal %d, code %d, status %d\n", name, ended.si_signo, ended.si_code,
                    ended.si_status);
    }
}

struct Sleeper {
    std::atomic<long> number{0};
    std::atomic<bool> enough{false};
};
void* sleep_in_thread(void* argument) {
    auto& self = *static_cast<Sleeper*>(argument);
    self.number = syscall(SYS_gettid);
    children::wait_until([&] { return self.enough.load(); }, "the end of a thread");
    return nullptr;
}

void opening() {
    show("no process", open_process(0));
    show("a negative number", open_process(-1));
    show("no such process", open_process(0x3fff'fff0));
    show("no such flag", open_process(getpid(), 1));
    const int self = open_process(getpid());
    std::printf("flags %#x, of the descriptor %d\n",
                fcntl(self, F_GETFL) & (O_ACCMODE | O_NONBLOCK), fcntl(self, F_GETFD));
    const int patient = open_process(getpid(), O_NONBLOCK);
    std::printf("does not wait: %d\n", (fcntl(patient, F_GETFL) & O_NONBLOCK) != 0);
    char byte = 0;
    show("read", read(self, &byte, 1));
    show("write", write(self, &byte, 1));
    show("seek", lseek(self, 0, SEEK_SET));
    std::printf("readable while it runs: %d\n", is_readable(self, 0));
    close(patient);
    close(self);
    Sleeper sleeper;
    pthread_t thread;
    require(pthread_create(&thread, nullptr, sleep_in_thread, &sleeper) == 0, "pthread_create");
    children::wait_until([&] { return sleeper.number != 0; }, "a thread");
    const auto number = static_cast<pid_t>(sleeper.number.load());
    std::printf("a thread is refused: %d\n", open_process(number) < 0);
    sleeper.enough = true;
    pthread_join(thread, nullptr);
}

void ending() {
    const pid_t child = start_sleeper();
    const int process = open_process(child);
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 7}};
    show("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, process, &event));
    std::printf("readable: %d\n", is_readable(process, 0));
    show("epoll_wait", epoll_wait(set, &event, 1, 0));
    show("kill", send_to(process, SIGTERM));
    show_value("epoll_wait", epoll_wait(set, &event, 1, -1));
    std::printf("readable: %d\n", is_readable(process, -1));
    const int later = open_process(child);
    std::printf("of one that has ended: %d\n", is_readable(later, 0));
    show("a signal to it", send_to(process, SIGTERM));
    siginfo_t ended{};
    show_end("look", waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT),
             ended);
    show_end("wait", waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED), ended);
    show("wait again", waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED));
    std::printf("readable: %d\n", is_readable(process, 0));
    show("a signal to nobody", send_to(process, 0));
    show("a file of nobody", take_file(process, 0));
    std::printf("opened again: %d\n", open_process(child) >= 0);
    close(later);
    close(set);
    close(process);
}

void waiting() {
    const pid_t child = start_sleeper();
    const int process = open_process(child, O_NONBLOCK);
    const auto id = static_cast<id_t>(process);
    siginfo_t ended{};
    show("not yet", waitid(by_descriptor, id, &ended, WEXITED));
    show("not yet, and said so", waitid(by_descriptor, id, &ended, WEXITED | WNOHANG));
    show("stop", send_to(process, SIGSTOP));
    require(fcntl(process, F_SETFL, 0) == 0, "F_SETFL");
    show_end("stopped", waitid(by_descriptor, id, &ended, WEXITED | WSTOPPED), ended);
    show("go on", send_to(process, SIGCONT));
    show_end("goes on", waitid(by_descriptor, id, &ended, WEXITED | WCONTINUED), ended);
    show("kill", send_to(process, SIGKILL));
    show_end("killed", waitid(by_descriptor, id, &ended, WEXITED), ended);
    close(process);
    show("a negative descriptor", waitid(by_descriptor, static_cast<id_t>(-1), &ended, WEXITED));
    show("no descriptor", waitid(by_descriptor, 999, &ended, WEXITED));
    const int none = eventfd(0, 0);
    show("no pidfd", waitid(by_descriptor, static_cast<id_t>(none), &ended, WEXITED));
    show("no options", waitid(by_descriptor, static_cast<id_t>(none), &ended, 0));
    close(none);
    const int self = open_process(getpid());
    show("no child", waitid(by_descriptor, static_cast<id_t>(self), &ended, WEXITED));
    close(self);
}

void signals() {
    catch_signal(SIGUSR1);
    const int self = open_process(getpid());
    show("a plain one", send_to(self, SIGUSR1));
    std::printf("code %d, from itself: %d\n", caught.code, caught.sender == getpid());
    siginfo_t information{};
    information.si_signo = SIGUSR1;
    information.si_code = SI_QUEUE;
    information.si_value.sival_int = 42;
    show("with a value", send_to(self, SIGUSR1, &information));
    std::printf("code %d, value %d\n", caught.code, caught.value);
    show("of another number", send_to(self, SIGUSR2, &information));
    information.si_code = SI_USER;
    show("as if by kill, to itself", send_to(self, SIGUSR1, &information));
    const pid_t child = start_sleeper();
    const int other = open_process(child);
    show("as if by kill", send_to(other, SIGUSR1, &information));
    show("only asked", send_to(other, 0));
    show("no signal", send_to(other, 65));
    show("no such flag", send_to(other, 0, nullptr, 0x100));
    show("a bad pointer", send_to(other, SIGUSR1, static_cast<siginfo_t*>(bad_pointer())));
    show("no descriptor", send_to(-1, 0));
    const int none = eventfd(0, 0);
    show("no pidfd", send_to(none, 0));
    close(none);
    const int folder = open("/proc/self", O_RDONLY | O_DIRECTORY);
    show("a directory of /proc", send_to(folder, SIGUSR1));
    std::printf("code %d\n", caught.code);
    close(folder);
    const int root = open("/proc", O_RDONLY | O_DIRECTORY);
    show("another directory", send_to(root, 0));
    close(root);
    children::as_nobody("nobody", [&] {
        show("a signal to others", send_to(other, 0));
        show("to its parent", send_to(self, 0));
        return 0;
    });
    show("kill", send_to(other, SIGKILL));
    children::wait_for("killed", child);
    close(other);
    close(self);
}

/// Another process's open file becomes one of this process's.
void taking_files() {
    int ready[2];
    int last[2];
    require(pipe(ready) == 0 && pipe(last) == 0, "pipe");
    const pid_t child = children::start([&] {
        const int counter = eventfd(5, 0);
        require(write(ready[1], &counter, sizeof counter) == sizeof counter, "write");
        char byte = 0;
        close(last[1]);
        require(read(last[0], &byte, 1) == 0, "read");  // until the parent closes its end
        std::uint64_t count = 0;
        show_value("the child reads", read(counter, &count, sizeof count));
        std::printf("it finds %lu\n", static_cast<unsigned long>(count));
        return 0;
    });
    int theirs = -1;
    require(read(ready[0], &theirs, sizeof theirs) == sizeof theirs, "read");
    const int process = open_process(child);
    const int mine = static_cast<int>(take_file(process, theirs));
    std::printf("taken: %d, of the descriptor %d\n", mine >= 0, fcntl(mine, F_GETFD));
    const std::uint64_t more = 10;
    show_value("add to it", write(mine, &more, sizeof more));
    show("no such descriptor", take_file(process, 999));
    show("a negative one", take_file(process, -1));
    show("no such flag", take_file(process, theirs, 1));
    show("no descriptor", take_file(-1, theirs));
    show("no pidfd", take_file(mine, theirs));
    children::as_nobody("nobody", [&] {
        show("not allowed", take_file(process, theirs));
        return 0;
    });
    const rlimit none{.rlim_cur = 0, .rlim_max = 64};
    children::in_child("no descriptors", [&] {
        require(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
        show("no room", take_file(process, theirs));
        show("no room", open_process(getpid()));
        return 0;
    });
    close(last[1]);
    children::wait_for("the child", child);
    for (const int descriptor : {mine, process, last[0], ready[0], ready[1]}) {
        close(descriptor);
    }
}

long clone_with(unsigned long flags, void* place) {
    return syscall(SYS_clone, flags | SIGCHLD, 0, place, 0, 0);
}

void cloning() {
    int process = -1;
    std::fflush(stdout);
    long child = clone_with(CLONE_PIDFD, &process);
    if (child == 0) {
        _exit(process == -1 ? 7 : 8);  // the child is told nothing: its memory is its own
    }
    show("clone", child);
    std::printf("told: %d, of the descriptor %d\n", process >= 0, fcntl(process, F_GETFD));
    std::printf("ends: %d\n", is_readable(process, -1));
    siginfo_t ended{};
    show_end("wait", waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED), ended);
    close(process);
    process = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&process);
    arguments.exit_signal = SIGCHLD;
    child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        _exit(3);
    }
    show("clone3", child);
    show_end("wait", waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED), ended);
    close(process);
    show("told to nowhere", clone_with(CLONE_PIDFD, bad_pointer()));
    show("one place for two", clone_with(CLONE_PIDFD | CLONE_PARENT_SETTID, &process));
    show("detached", clone_with(CLONE_PIDFD | CLONE_DETACHED, &process));
    arguments.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
    arguments.parent_tid = arguments.pidfd;
    show("one place for two", syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = CLONE_DETACHED;
    show("detached", syscall(SYS_clone3, &arguments, sizeof arguments));
    show("nobody was made", waitpid(-1, nullptr, WNOHANG));
    std::printf("no descriptor was made: %d\n", fcntl(process, F_GETFD) < 0);
}

}  // namespace

int main() {
    children::begin();
    opening();
    ending();
    waiting();
    signals();
    taking_files();
    cloning();
    return 0;
}
