// SPDX-License-Identifier: MIT
// System calls that few programs make and some cannot do without.
#include <csignal>
#include <cstdint>
#include <ctime>
#include <initializer_list>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

void vectors_with_flags() {
    const int file = static_cast<int>(syscall(SYS_memfd_create, "vectors", 0));
    char first[] = "abc";
    char second[] = "defg";
    const iovec both[] = {{first, 3}, {second, 4}};
    show_value("pwritev2", pwritev2(file, both, 2, 2, RWF_SYNC));
    show_value("at its own position", pwritev2(file, both, 1, -1, 0));
    show_value("preadv2", preadv2(file, both, 2, 0, 0));
    std::printf("%s %s\n", first, second);
    show_value("a flag of the future", preadv2(file, both, 1, 0, 1 << 20));
    show_value("append", pwritev2(file, both, 1, 0, RWF_APPEND));
    show_value("the end", lseek(file, 0, SEEK_END));
    require(lseek(file, 2, SEEK_SET) == 2, "lseek");
    show_value("append at its own position", pwritev2(file, both, 2, -1, RWF_APPEND));
    show_value("it is there now", lseek(file, 0, SEEK_CUR));
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    show_value("do not wait", preadv2(pair[0], both, 1, -1, RWF_NOWAIT));
    show_value("write", pwritev2(pair[1], both, 1, -1, RWF_NOWAIT));
    show_value("now", preadv2(pair[0], both, 1, -1, RWF_NOWAIT));
    show_value("before the start", preadv2(file, both, 1, -2, 0));
    show("sync_file_range", sync_file_range(file, 0, 4, SYNC_FILE_RANGE_WRITE));
    show("an unknown flag", sync_file_range(file, 0, 4, 8));
    show("a negative size", sync_file_range(file, 0, -4, 0));
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show("of a pipe", sync_file_range(ends[0], 0, 4, 0));
    show_value("preadv2 of a pipe", preadv2(ends[0], both, 1, 0, 0));
    show("of nothing", sync_file_range(99, 0, 4, 0));
}

void capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[2] = {};
    show("capget", syscall(SYS_capget, &header, sets));
    show("capset to the same", syscall(SYS_capset, &header, sets));
    sets[0].effective |= 1;
    sets[0].permitted &= ~1U;
    show("effective beyond permitted", syscall(SYS_capset, &header, sets));
    sets[0].effective &= ~1U;
    header.pid = getppid();
    show("of another process", syscall(SYS_capset, &header, sets));
    header.version = 7;
    show("an unknown version", syscall(SYS_capset, &header, sets));
    std::printf("the known one: %d\n", header.version == _LINUX_CAPABILITY_VERSION_3);
    show("a bad pointer", syscall(SYS_capset, &header, 8));
}

void others() {
    show("restart_syscall", syscall(SYS_restart_syscall));
    const sched_param none{};
    const sched_param some{.sched_priority = 5};
    show("sched_setparam", sched_setparam(0, &none));
    show("a priority", sched_setparam(0, &some));
    show("a bad pointer", syscall(SYS_sched_setparam, 0, 8));
    const timespec wrong{.tv_sec = 0, .tv_nsec = -1};
    show("clock_settime", clock_settime(CLOCK_REALTIME, &wrong));
    show("of the monotonic clock", clock_settime(CLOCK_MONOTONIC, &wrong));
    show("a bad pointer", syscall(SYS_clock_settime, CLOCK_REALTIME, 8));
    struct stat status{};
    const int event = eventfd(0, 0);
    show("fstat", fstat(event, &status));
    std::printf("an eventfd has no type: %d\n", (status.st_mode & S_IFMT) == 0);
}

/// ioprio_set and ioprio_get, which the C library has no functions for.
void io_priorities() {
    constexpr int process = 1;
    constexpr int group = 2;
    constexpr int class_shift = 13;
    for (const int value : {0, 3, 1 << class_shift, 2 << class_shift | 5, 3 << class_shift | 7,
                            4 << class_shift, -1}) {
        std::printf("%#x: ", static_cast<unsigned>(value));
        show("ioprio_set", syscall(SYS_ioprio_set, process, 0, value));
        show_value("ioprio_get", syscall(SYS_ioprio_get, process, getpid()) & 7);
    }
    show("of nothing", syscall(SYS_ioprio_get, 0, 0));
    show("of nobody", syscall(SYS_ioprio_set, process, 99'999'999, 2 << class_shift));
    show("of a group that is none", syscall(SYS_ioprio_get, group, 99'999'999));
}

/// FUTEX_WAKE_OP: every change, and every question about the old value.
void change_words() {
    int waited = 0;
    for (const int change : {0, 1, 2, 3, 4, 8, 9, 12, 5}) {
        for (const int argument : {0, 3, -2}) {
            unsigned word = 0xffff'fffe;
            const int code = FUTEX_OP(change, argument & 0xfff, FUTEX_OP_CMP_LT, -1 & 0xfff);
            const long woken =
                syscall(SYS_futex, &waited, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, &word, code);
            std::printf("%d by %d: %#x, ", change, argument, word);
            show_value("woken", woken);
        }
    }
    for (int question = 0; question < 7; ++question) {
        unsigned word = 5;
        show_value("asked", syscall(SYS_futex, &waited, FUTEX_WAKE_OP, 1, 1, &word,
                                    FUTEX_OP(FUTEX_OP_SET, 1, question, 5)));
    }
    unsigned word = 0;
    auto* const odd = reinterpret_cast<unsigned*>(reinterpret_cast<char*>(&word) + 1);
    show("misaligned", syscall(SYS_futex, &waited, FUTEX_WAKE_OP, 1, 1, odd, 0));
}

/// What is left of a timeout is written back, but nothing of none; a descriptor that is none is
/// news, even while a signal waits.
void timeouts() {
    int ends[2];
    require(pipe2(ends, 0) == 0 && write(ends[1], "x", 1) == 1, "pipe");
    pollfd entry{ends[0], POLLIN, 0};
    timespec long_time{1000, 0};
    show_value("ppoll", syscall(SYS_ppoll, &entry, 1, &long_time, nullptr, 0));
    std::printf("less than before: %d\n", long_time.tv_sec < 1000);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    long_time.tv_sec = 1000;
    show_value("pselect6",
               syscall(SYS_pselect6, ends[0] + 1, &set, nullptr, nullptr, &long_time, nullptr));
    std::printf("less than before: %d\n", long_time.tv_sec < 1000);
    sigset_t some;
    sigset_t none;
    sigemptyset(&some);
    sigemptyset(&none);
    sigaddset(&some, SIGUSR2);
    require(sigprocmask(SIG_BLOCK, &some, nullptr) == 0 && raise(SIGUSR2) == 0, "a signal");
    entry.fd = 99;
    const timespec soon{0, 0};
    show_value("ppoll of no file", syscall(SYS_ppoll, &entry, 1, &soon, &none, 8));
    std::printf("POLLNVAL: %d\n", entry.revents == POLLNVAL);
}

/// The first fields that there were do; what is not known must be zero.
void clone_arguments() {
    struct {
        clone_args known;
        unsigned long beyond;
    } given{};
    given.known.exit_signal = SIGCHLD;
    given.known.stack = 1;  // refused, so that there is no process
    for (const size_t size : {63UL, 64UL, 80UL, 88UL, sizeof given, 4097UL}) {
        show_value("clone3", syscall(SYS_clone3, &given, size));
    }
    given.beyond = 1;
    show("asking for what is not known", syscall(SYS_clone3, &given, sizeof given));
    given.known.stack = 0;
    given.known.set_tid_size = 1;
    show("identifiers without any", syscall(SYS_clone3, &given, sizeof given.known));
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    vectors_with_flags();
    capabilities();
    others();
    io_priorities();
    change_words();
    timeouts();
    clone_arguments();
    return 0;
}
