// SPDX-License-Identifier: MIT
// Timers and signals that are waited for: timerfd, timer_create, signalfd, with poll and epoll.
#include <csignal>
#include <cstdint>
#include <ctime>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/caught_signals.h"
#include "guest/programs/check.h"

namespace {

constexpr long millisecond = 1000 * 1000;

itimerspec every(long interval, long first) {
    return {.it_interval = {0, interval}, .it_value = {0, first}};
}

bool readable(int file, int timeout) {
    pollfd entry{.fd = file, .events = POLLIN, .revents = 0};
    return poll(&entry, 1, timeout) == 1 && (entry.revents & POLLIN) != 0;
}

void show_setting(const char* name, const itimerspec& setting) {
    std::printf("%s: interval %ld ms, armed %d\n", name, setting.it_interval.tv_nsec / millisecond,
                setting.it_value.tv_sec != 0 || setting.it_value.tv_nsec != 0);
}

void timer_files() {
    const int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    std::uint64_t count = 0;
    show_value("not armed", read(file, &count, sizeof count));
    const itimerspec once = every(0, 30 * millisecond);
    show("once", timerfd_settime(file, 0, &once, nullptr));
    show_value("too early", read(file, &count, sizeof count));
    itimerspec setting{};
    show("setting", timerfd_gettime(file, &setting));
    show_setting("setting", setting);
    std::printf("comes: %d\n", readable(file, -1));
    show_value("read", read(file, &count, sizeof count));
    std::printf("expired %lu times\n", static_cast<unsigned long>(count));
    show_value("read again", read(file, &count, sizeof count));

    const itimerspec often = every(10 * millisecond, 10 * millisecond);
    show("often", timerfd_settime(file, 0, &often, nullptr));
    usleep(75000);
    show_value("read", read(file, &count, sizeof count));
    std::printf("expired more than five times: %d\n", count > 5);
    const itimerspec never{};
    show("disarm", timerfd_settime(file, 0, &never, &setting));
    show_setting("it was", setting);
    usleep(20000);
    show_value("read", read(file, &count, sizeof count));

    itimerspec past{};
    past.it_value.tv_nsec = 1;
    show("a time long past", timerfd_settime(file, TFD_TIMER_ABSTIME, &past, nullptr));
    std::printf("comes: %d\n", readable(file, -1));
    show_value("a short buffer", read(file, &count, 4));
    show_value("write", write(file, &count, sizeof count));
    close(file);

    timespec now{};
    require(clock_gettime(CLOCK_REALTIME, &now) == 0, "clock_gettime");
    const int wall = timerfd_create(CLOCK_REALTIME, 0);
    itimerspec soon{};
    soon.it_value.tv_nsec = (now.tv_nsec + 50 * millisecond) % (1000 * millisecond);
    soon.it_value.tv_sec = now.tv_sec + (now.tv_nsec + 50 * millisecond) / (1000 * millisecond);
    show("by the wall clock", timerfd_settime(wall, TFD_TIMER_ABSTIME, &soon, nullptr));
    show_value("wait", read(wall, &count, sizeof count));
    std::printf("expired %lu times\n", static_cast<unsigned long>(count));
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 5}};
    show("epoll", epoll_ctl(set, EPOLL_CTL_ADD, wall, &event));
    show("once", timerfd_settime(wall, 0, &once, nullptr));
    show_value("epoll_wait", epoll_wait(set, &event, 1, -1));
    close(set);
    close(wall);
}

void timer_file_errors() {
    show("no such clock", timerfd_create(77, 0));
    show("a clock of no use", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    show("no such flag", timerfd_create(CLOCK_MONOTONIC, 1));
    const int file = timerfd_create(CLOCK_BOOTTIME, 0);
    const itimerspec wrong = every(0, 1000 * millisecond);
    const itimerspec once = every(0, millisecond);
    show("too many nanoseconds", timerfd_settime(file, 0, &wrong, nullptr));
    show("no such flag", timerfd_settime(file, 4, &once, nullptr));
    show("no timer", timerfd_settime(1, 0, &once, nullptr));
    show("no file", timerfd_settime(99, 0, &once, nullptr));
    show("a bad pointer", syscall(SYS_timerfd_settime, file, 0, 8, 0));
    show("a bad pointer", syscall(SYS_timerfd_gettime, file, 8));
    close(file);
}

void posix_timers() {
    catch_signal(SIGRTMIN);
    catch_signal(SIGALRM);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    event.sigev_value.sival_int = 42;
    timer_t timer{};
    show("create", timer_create(CLOCK_MONOTONIC, &event, &timer));
    const itimerspec often = every(5 * millisecond, 5 * millisecond);
    show("set", timer_settime(timer, 0, &often, nullptr));
    while (caught.count < 3) {
        usleep(1000);
    }
    std::printf("code is SI_TIMER: %d, value %d\n", caught.code == SI_TIMER,
                static_cast<int>(caught.value));
    sigset_t blocked;
    sigset_t open;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    require(sigprocmask(SIG_BLOCK, &blocked, &open) == 0, "sigprocmask");
    usleep(60000);
    siginfo_t information{};
    show_value("wait", sigwaitinfo(&blocked, &information) == SIGRTMIN);
    std::printf("overruns: %d\n", information.si_overrun > 3);
    show_value("getoverrun", timer_getoverrun(timer) == information.si_overrun);
    itimerspec setting{};
    show("get", timer_gettime(timer, &setting));
    show_setting("setting", setting);
    show("delete", timer_delete(timer));
    while (sigtimedwait(&blocked, nullptr, &setting.it_interval) > 0) {
    }
    require(sigprocmask(SIG_SETMASK, &open, nullptr) == 0, "sigprocmask");

    caught.count = 0;
    timer_t plain{};
    show("create without event", timer_create(CLOCK_REALTIME, nullptr, &plain));
    const itimerspec once = every(0, 5 * millisecond);
    show("set", timer_settime(plain, 0, &once, nullptr));
    while (caught.count == 0) {
        usleep(1000);
    }
    show("get", timer_gettime(plain, &setting));
    show_setting("setting", setting);
    const pid_t child = fork();
    if (child == 0) {
        _exit(timer_gettime(plain, &setting) == -1 && errno == EINVAL ? 0 : 1);
    }
    int status = -1;
    require(waitpid(child, &status, 0) == child, "wait");
    std::printf("the child has no timer: %d\n", status == 0);
    show("delete", timer_delete(plain));

    event.sigev_signo = 99;
    show("no such signal", timer_create(CLOCK_MONOTONIC, &event, &timer));
    show("no such clock", timer_create(77, nullptr, &timer));
    show("no such timer", static_cast<int>(syscall(SYS_timer_delete, 1000)));
    show("a bad pointer", static_cast<int>(syscall(SYS_timer_create, CLOCK_REALTIME, 8, &timer)));
    show("a bad pointer", static_cast<int>(syscall(SYS_timer_create, CLOCK_REALTIME, 0, 8)));
}

void show_records(const char* name, int file) {
    signalfd_siginfo records[4] = {};
    const ssize_t size = read(file, records, sizeof records);
    show_value(name, size);
    for (ssize_t i = 0; i < size / static_cast<ssize_t>(sizeof records[0]); ++i) {
        std::printf("  signal %u, code %d, from here %d, value %d, status %d\n",
                    records[i].ssi_signo, records[i].ssi_code,
                    records[i].ssi_pid == static_cast<unsigned>(getpid()), records[i].ssi_int,
                    records[i].ssi_status);
    }
}

void signal_files() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGRTMIN + 1);
    require(sigprocmask(SIG_BLOCK, &wanted, nullptr) == 0, "sigprocmask");
    const int file = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    show_records("nothing", file);
    std::printf("readable: %d\n", readable(file, 0));
    require(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0, "kill");
    sigval number{};
    for (number.sival_int = 1; number.sival_int <= 2; ++number.sival_int) {
        require(sigqueue(getpid(), SIGRTMIN + 1, number) == 0, "sigqueue");
    }
    std::printf("readable: %d\n", readable(file, 0));
    show_records("all", file);
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 5}};
    show("epoll", epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
    show_value("epoll_wait", epoll_wait(set, &event, 1, 0));
    const pid_t child = fork();
    if (child == 0) {
        _exit(7);
    }
    show_value("epoll_wait", epoll_wait(set, &event, 1, -1));
    show_records("the child", file);
    int status = 0;
    require(waitpid(child, &status, 0) == child, "wait");
    sigemptyset(&wanted);
    show("other signals", signalfd(file, &wanted, 0) == file ? 0 : -1);
    require(raise(SIGUSR1) == 0, "raise");
    show_records("not this one", file);
    show_value("a short buffer", read(file, &status, sizeof status));
    show("no signalfd", signalfd(1, &wanted, 0));
    show("no such flag", signalfd(-1, &wanted, 1));
    show("a short set", static_cast<int>(syscall(SYS_signalfd4, -1, &wanted, 4, 0)));
    show("a bad pointer", static_cast<int>(syscall(SYS_signalfd4, -1, 8, 8, 0)));
    close(set);
    close(file);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    timer_files();
    timer_file_errors();
    posix_timers();
    signal_files();
    return 0;
}
