// SPDX-License-Identifier: MIT
// What goes by CPU time: interval timers, timers and sleeps by the clocks of processes and threads,
// and the limit.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "guest/programs/caught_signals.h"
#include "guest/programs/children.h"

namespace {

constexpr long millisecond = 1000 * 1000;
constexpr long microseconds_per_millisecond = 1000;

long cpu_milliseconds(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
    timespec now{};
    require(clock_gettime(clock, &now) == 0, "clock_gettime");
    return now.tv_sec * 1000 + now.tv_nsec / millisecond;
}

/// Time in user mode: reading a clock is the kernel's.
void spend_a_little() {
    constexpr int rounds = 30'000;
    for (volatile int i = 0; i < rounds; i = i + 1) {
    }
}

/// Uses the CPU until `condition()` holds, but not for ever.
template <typename Condition>
void work_until(Condition condition, const char* what) {
    constexpr long most = 20'000;
    const long start = cpu_milliseconds();
    while (!condition()) {
        spend_a_little();
        require(cpu_milliseconds() - start < most, what);
    }
}

void work(long milliseconds) {
    const long start = cpu_milliseconds(CLOCK_THREAD_CPUTIME_ID);
    work_until([&] { return cpu_milliseconds(CLOCK_THREAD_CPUTIME_ID) - start >= milliseconds; },
               "work");
}

void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

itimerval every(long interval, long first) {
    return {.it_interval = {0, interval * microseconds_per_millisecond},
            .it_value = {0, first * microseconds_per_millisecond}};
}

void interval_timer(const char* name, __itimer_which_t which, int number) {
    std::printf("%s\n", name);
    catch_signal(number);
    itimerval setting{};
    show("get", getitimer(which, &setting));
    std::printf("not armed: %d\n", setting.it_value.tv_sec == 0 && setting.it_value.tv_usec == 0);
    const itimerval often = every(10, 20);
    caught.count = 0;
    const long start = cpu_milliseconds();
    show("set", setitimer(which, &often, &setting));
    children::sleep_milliseconds(60);
    std::printf("while it sleeps: %d\n", static_cast<int>(caught.count));
    work_until([] { return caught.count == 1; }, "the first signal");
    // Some systems count whole ticks here, and exactly there.
    std::printf("not too early: %d, code %d\n", cpu_milliseconds() - start >= 8,
                static_cast<int>(caught.code));
    work_until([] { return caught.count == 4; }, "more signals");
    std::printf("not too often: %d\n", cpu_milliseconds() - start >= 25);
    show("get", getitimer(which, &setting));
    std::printf("interval %ld us, armed %d\n", static_cast<long>(setting.it_interval.tv_usec),
                setting.it_value.tv_sec != 0 || setting.it_value.tv_usec != 0);
    children::in_child("a child has none", [&] {
        itimerval own{};
        require(getitimer(which, &own) == 0, "getitimer");
        return own.it_value.tv_usec != 0 || own.it_interval.tv_usec != 0 ? 1 : 0;
    });
    const itimerval none{};
    show("end", setitimer(which, &none, &setting));
    std::printf("it was %ld us\n", static_cast<long>(setting.it_interval.tv_usec));
    const int before = caught.count;
    work(30);
    std::printf("no more: %d\n", caught.count == before);
    const itimerval once = every(0, 10);
    children::in_child("nobody catches it", [&] {
        require(signal(number, SIG_DFL) != SIG_ERR && setitimer(which, &once, nullptr) == 0, "set");
        work(500);
        return 0;
    });
    const itimerval wrong{.it_interval = {0, 0}, .it_value = {0, 1'000'000}};
    show("too many microseconds", setitimer(which, &wrong, nullptr));
    show("a bad pointer", syscall(SYS_setitimer, which, bad_pointer(), nullptr));
    show("a bad pointer", syscall(SYS_setitimer, which, &none, bad_pointer()));
    show("a bad pointer", syscall(SYS_getitimer, which, bad_pointer()));
}

void interval_errors() {
    itimerval value{};
    show("no such timer", syscall(SYS_getitimer, 3, &value));
    show("no such timer", syscall(SYS_setitimer, 3, &value, nullptr));
    show("none, and no place", syscall(SYS_getitimer, -1, bad_pointer()));
}

itimerspec after(long first, long interval = 0) {
    return {.it_interval = {0, interval * millisecond}, .it_value = {0, first * millisecond}};
}

bool armed(timer_t timer) {
    itimerspec setting{};
    require(timer_gettime(timer, &setting) == 0, "timer_gettime");
    return setting.it_value.tv_sec != 0 || setting.it_value.tv_nsec != 0;
}

timer_t make_timer(const char* name, clockid_t clock, int value) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    event.sigev_value.sival_int = value;
    timer_t timer{};
    show(name, timer_create(clock, &event, &timer));
    return timer;
}

void own_timers() {
    catch_signal(SIGRTMIN);
    for (const clockid_t clock : {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) {
        caught.count = 0;
        const timer_t timer = make_timer("create", clock, 5);
        const itimerspec often = after(20, 5);
        show("set", timer_settime(timer, 0, &often, nullptr));
        children::sleep_milliseconds(50);
        std::printf("while it sleeps: %d, armed %d\n", static_cast<int>(caught.count),
                    armed(timer));
        work_until([] { return caught.count >= 3; }, "signals");
        std::printf("code is SI_TIMER: %d, value %d\n", caught.code == SI_TIMER,
                    static_cast<int>(caught.value));
        itimerspec setting{};
        const itimerspec none{};
        show("end", timer_settime(timer, 0, &none, &setting));
        std::printf("interval %ld us\n", setting.it_interval.tv_nsec / 1000);
        caught.count = 0;
        const itimerspec past{.it_interval = {0, 0}, .it_value = {0, 1}};
        show("a time long past", timer_settime(timer, TIMER_ABSTIME, &past, nullptr));
        work_until([] { return caught.count == 1; }, "a signal");
        std::printf("armed: %d\n", armed(timer));
        timespec now{};
        require(clock_gettime(clock, &now) == 0, "clock_gettime");
        itimerspec later{.it_interval = {0, 0}, .it_value = now};
        later.it_value.tv_sec += 100;
        show("a time far off", timer_settime(timer, TIMER_ABSTIME, &later, nullptr));
        require(timer_gettime(timer, &setting) == 0, "timer_gettime");
        std::printf("far off: %d\n",
                    setting.it_value.tv_sec >= 98 && setting.it_value.tv_sec <= 100);
        show("delete", timer_delete(timer));
    }
    // What nobody is told of can be looked at.
    sigevent event{};
    event.sigev_notify = SIGEV_NONE;
    timer_t timer{};
    show("silent", timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    const itimerspec once = after(10);
    show("set", timer_settime(timer, 0, &once, nullptr));
    work(40);
    std::printf("armed: %d\n", armed(timer));
    show("delete", timer_delete(timer));
}

struct Worker {
    std::atomic<bool> enough{false};
    std::atomic<clockid_t> clock{0};
    std::atomic<bool> known{false};
};
void* work_in_thread(void* argument) {
    auto& self = *static_cast<Worker*>(argument);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    clockid_t clock{};
    require(pthread_getcpuclockid(pthread_self(), &clock) == 0, "pthread_getcpuclockid");
    self.clock = clock;
    self.known = true;
    work_until([&] { return self.enough.load(); }, "the end of a thread");
    return nullptr;
}

void clocks_of_threads() {
    Worker worker;
    pthread_t thread;
    require(pthread_create(&thread, nullptr, work_in_thread, &worker) == 0, "pthread_create");
    children::wait_until([&] { return worker.known.load(); }, "a thread");
    caught.count = 0;
    const timer_t own = make_timer("by the own thread's", CLOCK_THREAD_CPUTIME_ID, 1);
    const timer_t other = make_timer("by the other thread's", worker.clock, 2);
    const itimerspec once = after(20);
    const itimerspec far = after(900);
    show("set", timer_settime(own, 0, &far, nullptr));
    show("set", timer_settime(other, 0, &once, nullptr));
    while (caught.count == 0) {
        children::sleep_milliseconds(1);
    }
    std::printf("caught %d, of the other: %d\n", static_cast<int>(caught.count), caught.value == 2);
    timespec soon{0, 30 * millisecond};
    show("sleep by the other's",
         syscall(SYS_clock_nanosleep, worker.clock.load(), 0, &soon, nullptr));
    show("sleep by the process's",
         syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &soon, nullptr));
    timespec target{};
    require(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &target) == 0, "clock_gettime");
    target.tv_nsec += 30 * millisecond;
    target.tv_sec += target.tv_nsec / (1000 * millisecond);
    target.tv_nsec %= 1000 * millisecond;
    show("until a time",
         syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &target, nullptr));
    timespec now{};
    require(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "clock_gettime");
    std::printf("it has come: %d\n", now.tv_sec > target.tv_sec || (now.tv_sec == target.tv_sec &&
                                                                    now.tv_nsec >= target.tv_nsec));
    show("until a time past",
         syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &target, nullptr));
    worker.enough = true;
    pthread_join(thread, nullptr);
    // Whoever joins a thread may be a little earlier than its end.
    children::wait_until([&] { return clock_gettime(worker.clock, &now) != 0; },
                         "the end of a thread's clock");
    show("a timer by it", timer_settime(other, 0, &once, nullptr));
    show("delete", timer_delete(other));
    show("delete", timer_delete(own));
}

/// Signals end a sleep by CPU time, and the rest of it is told.
void interrupted_sleep() {
    catch_signal(SIGALRM);
    const itimerval soon = every(0, 20);
    timespec rest{};
    const timespec long_time{5, 0};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show("interrupted",
         syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &long_time, &rest));
    std::printf("most is left: %d\n", rest.tv_sec == 4 || rest.tv_sec == 5);
    require(signal(SIGALRM, SIG_DFL) != SIG_ERR, "signal");
}

void clocks_of_processes() {
    const pid_t child = children::start([] {
        for (;;) {
        }
        return 0;
    });
    clockid_t clock{};
    require(clock_getcpuclockid(child, &clock) == 0, "clock_getcpuclockid");
    children::wait_until([&] { return cpu_milliseconds(clock) >= 1; }, "the child's work");
    timespec soon{0, 20 * millisecond};
    show("sleep by a child's", syscall(SYS_clock_nanosleep, clock, 0, &soon, nullptr));
    caught.count = 0;
    const timer_t timer = make_timer("a timer by it", clock, 9);
    const itimerspec once = after(10);
    show("set", timer_settime(timer, 0, &once, nullptr));
    while (caught.count == 0) {
        children::sleep_milliseconds(1);
    }
    std::printf("value %d\n", static_cast<int>(caught.value));
    timespec step{};
    show("its resolution", clock_getres(clock, &step));
    std::printf("%ld ns\n", step.tv_nsec);
    show("its ticks", clock_getres(clock & ~3, &step));
    std::printf("more than one: %d\n", step.tv_nsec > 1);
    show("set the clock", syscall(SYS_clock_settime, clock, &soon));
    require(kill(child, SIGKILL) == 0, "kill");
    children::wait_for("the child", child);
    show("its clock", clock_gettime(clock, &step));
    show("set it", syscall(SYS_clock_settime, clock, &soon));
    std::printf("armed: %d\n", armed(timer));
    show("delete", timer_delete(timer));
    show("a timer by it", timer_create(clock, nullptr, const_cast<timer_t*>(&timer)));
    show("sleep by it", syscall(SYS_clock_nanosleep, clock, 0, &soon, nullptr));
}

/// A clock's number, made of a process's or a thread's.
clockid_t numbered(pid_t number, unsigned bits) {
    return static_cast<clockid_t>(~static_cast<unsigned>(number) << 3 | bits);
}

void clock_errors() {
    constexpr unsigned scheduled = 2;
    constexpr unsigned of_thread = 4;
    constexpr unsigned of_file = 3;
    const timespec soon{0, millisecond};
    timespec now{};
    timer_t timer{};
    const auto sleep_by = [&](clockid_t clock) {
        return syscall(SYS_clock_nanosleep, clock, 0, &soon, nullptr);
    };
    const auto self = static_cast<pid_t>(syscall(SYS_gettid));
    show("sleep by the own thread's", sleep_by(CLOCK_THREAD_CPUTIME_ID));
    show("by its number", sleep_by(numbered(self, scheduled | of_thread)));
    show("by number 0", sleep_by(numbered(0, scheduled | of_thread)));
    show("by a coarse one", sleep_by(CLOCK_MONOTONIC_COARSE));
    show("by a raw one", sleep_by(CLOCK_MONOTONIC_RAW));
    show("by none", sleep_by(77));
    show("by a file's", sleep_by(numbered(0, of_file)));
    show("a file's", clock_gettime(numbered(1000, of_file), &now));
    show("another process's thread", clock_gettime(numbered(1, scheduled | of_thread), &now));
    show("nobody's", clock_gettime(numbered(0x0fff'fff0, scheduled), &now));
    show("the own, by number", clock_gettime(numbered(getpid(), scheduled), &now));
    show("by number 0", clock_gettime(numbered(0, scheduled), &now));
    show("a timer by a raw one", timer_create(CLOCK_MONOTONIC_RAW, nullptr, &timer));
    show("by nobody's", timer_create(numbered(0x0fff'fff0, scheduled), nullptr, &timer));
    show("by a file's", timer_create(numbered(1000, of_file), nullptr, &timer));
    show("a bad pointer",
         syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, bad_pointer(), nullptr));
    const timespec wrong{0, -1};
    show("a bad time", syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &wrong, nullptr));
    show("set a clock", syscall(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &soon));
    show("set none", syscall(SYS_clock_settime, 77, bad_pointer()));
}

void limits() {
    const auto limited = [](rlim_t soft, rlim_t hard) {
        const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
        require(setrlimit(RLIMIT_CPU, &limit) == 0, "setrlimit");
    };
    children::in_child("over the soft limit", [&] {
        limited(0, 100);
        work(2000);
        return 0;
    });
    children::in_child("over the hard one", [&] {
        require(signal(SIGXCPU, SIG_IGN) != SIG_ERR, "signal");
        limited(0, 0);
        work(2000);
        return 0;
    });
    children::in_child("with a handler", [&] {
        catch_signal(SIGXCPU);
        caught.count = 0;
        limited(0, 100);
        work_until([] { return caught.count == 1; }, "SIGXCPU");
        rlimit limit{};
        require(getrlimit(RLIMIT_CPU, &limit) == 0, "getrlimit");
        std::printf("code %d, the soft limit is %lu\n", static_cast<int>(caught.code),
                    static_cast<unsigned long>(limit.rlim_cur));
        work(20);
        std::printf("once: %d\n", caught.count == 1);
        children::in_child("its child", [&] {
            require(getrlimit(RLIMIT_CPU, &limit) == 0, "getrlimit");
            std::printf("has %lu\n", static_cast<unsigned long>(limit.rlim_cur));
            limited(0, 100);
            work_until([] { return caught.count == 2; }, "SIGXCPU");
            return 0;
        });
        return 0;
    });
}

}  // namespace

int main() {
    children::begin();
    interval_timer("virtual", ITIMER_VIRTUAL, SIGVTALRM);
    interval_timer("profiling", ITIMER_PROF, SIGPROF);
    interval_errors();
    own_timers();
    clocks_of_threads();
    interrupted_sleep();
    clocks_of_processes();
    clock_errors();
    limits();
    return 0;
}
