// SPDX-License-Identifier: MIT
// Where CPU time goes: what is spent in user mode counts as user time, what is spent in system
// calls as the kernel's, whoever asks and however. With an argument: what is spent in page faults.
// Systems count ticks of a timer, so all of it holds roughly.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

#include <fcntl.h>

#include <cstring>

#include "guest/programs/caught_signals.h"
#include "guest/programs/children.h"

namespace {

constexpr long millisecond = 1000 * 1000;
constexpr long enough = 48;  ///< milliseconds of CPU time: a dozen ticks
constexpr long slack = 20;   ///< milliseconds that answers may differ by: two of times' ticks

long milliseconds(clockid_t clock) {
    timespec now{};
    require(clock_gettime(clock, &now) == 0, "clock_gettime");
    return now.tv_sec * 1000 + now.tv_nsec / millisecond;
}

long milliseconds(const timeval& time) {
    return time.tv_sec * 1000 + time.tv_usec / 1000;
}

template <typename Step>
void spend(Step step) {
    const long start = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    while (milliseconds(CLOCK_THREAD_CPUTIME_ID) - start < enough) {
        step();
    }
}

/// Where others take the CPU too, a tick seldom meets who is looked for.
template <typename Step, typename Condition>
void spend_until(Step step, Condition condition) {
    constexpr int most = 20;
    for (int round = 0; round < most && !condition(); ++round) {
        spend(step);
    }
}

void count() {
    constexpr int rounds = 100'000;
    for (volatile int i = 0; i < rounds; i = i + 1) {
    }
}

void read_zeroes() {
    static const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    static char buffer[64 * 1024];  // so much that the way in and out is nothing beside it
    require(read(zero, buffer, sizeof buffer) == static_cast<ssize_t>(sizeof buffer), "read");
}

void fault() {
    constexpr size_t size = 1 << 20;
    void* const mapped =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(mapped != MAP_FAILED, "mmap");
    constexpr size_t page = 4096;
    for (size_t at = 0; at < size; at += page) {
        static_cast<volatile char*>(mapped)[at] = 1;
    }
    require(munmap(mapped, size) == 0, "munmap");
}

struct Spent {
    long user;
    long system;
    [[nodiscard]] long total() const { return user + system; }
    [[nodiscard]] bool mostly_user() const { return user * 10 >= total() * 7; }
    [[nodiscard]] bool mostly_system() const { return system * 10 >= total() * 6; }
    [[nodiscard]] const char* what() const {
        return mostly_user() ? "user" : mostly_system() ? "system" : "neither";
    }
    [[nodiscard]] bool is_near(const Spent& other) const {
        return std::abs(user - other.user) <= slack && std::abs(system - other.system) <= slack;
    }
};

Spent of(const rusage& usage) {
    return {milliseconds(usage.ru_utime), milliseconds(usage.ru_stime)};
}

Spent usage_of(__rusage_who who) {
    rusage usage{};
    require(getrusage(who, &usage) == 0, "getrusage");
    return of(usage);
}

long of_ticks(long ticks) {
    return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

/// Fields 14 to 17 of a stat file in /proc.
struct StatTimes {
    Spent own;
    Spent children;
};
StatTimes read_stat(const char* path) {
    std::FILE* const file = std::fopen(path, "re");
    require(file != nullptr, path);
    char text[1024] = {};
    require(std::fread(text, 1, sizeof text - 1, file) > 0, "a stat file");
    std::fclose(file);
    long own_user = 0;
    long own_system = 0;
    long user = 0;
    long system = 0;
    require(std::sscanf(std::strrchr(text, ')'),
                        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld", &own_user,
                        &own_system, &user, &system) == 4,
            "fields of a stat file");
    return {{of_ticks(own_user), of_ticks(own_system)}, {of_ticks(user), of_ticks(system)}};
}

/// Until the thread's time is what it should be: where others take the CPU too, or a hypervisor
/// does, a few ticks may all meet the wrong mode.
template <typename Step>
void spend_as(const char* expected, Step step) {
    spend(step);
    spend_until(step, [&] { return std::strcmp(usage_of(RUSAGE_THREAD).what(), expected) == 0; });
}

/// In a process of its own; whoever waits for it is told the same.
template <typename Step>
void look_at(const char* name, const char* expected, Step step) {
    const Spent before = usage_of(RUSAGE_CHILDREN);
    tms old_times{};
    require(times(&old_times) != -1, "times");
    const StatTimes old_stat = read_stat("/proc/self/stat");
    const pid_t child = children::start([&] {
        spend_as(expected, step);
        const Spent self = usage_of(RUSAGE_SELF);
        std::printf("%s: %s\n", name, self.what());
        std::printf("about all of it: %d\n", self.total() >= enough - slack);
        tms now{};
        require(times(&now) != -1, "times");
        const Spent by_times{of_ticks(now.tms_utime), of_ticks(now.tms_stime)};
        std::printf("times %d, thread %d, stat %d, clock %d\n", by_times.is_near(self),
                    usage_of(RUSAGE_THREAD).is_near(self),
                    read_stat("/proc/self/stat").own.is_near(self),
                    std::abs(milliseconds(CLOCK_PROCESS_CPUTIME_ID) - self.total()) <= slack);
        return 0;
    });
    int status = 0;
    rusage usage{};
    require(wait4(child, &status, 0, &usage) == child && status == 0, "wait4");
    const Spent told = of(usage);
    std::printf("wait4: %s\n", told.what());
    const Spent after = usage_of(RUSAGE_CHILDREN);
    const Spent children{after.user - before.user, after.system - before.system};
    tms now{};
    require(times(&now) != -1, "times");
    const Spent by_times{of_ticks(now.tms_cutime - old_times.tms_cutime),
                         of_ticks(now.tms_cstime - old_times.tms_cstime)};
    const StatTimes stat = read_stat("/proc/self/stat");
    const Spent by_stat{stat.children.user - old_stat.children.user,
                        stat.children.system - old_stat.children.system};
    std::printf("children %d, times %d, stat %d\n", children.is_near(told), by_times.is_near(told),
                by_stat.is_near(told));
}

void* count_in_thread(void* thread_id) {
    *static_cast<pid_t*>(thread_id) = static_cast<pid_t>(syscall(SYS_gettid));
    spend(count);
    return nullptr;
}

StatTimes stat_of_thread(pid_t thread) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    return read_stat(path);
}

void threads() {
    pthread_t thread;
    pid_t id = 0;
    spend_as("system", read_zeroes);
    require(pthread_create(&thread, nullptr, count_in_thread, &id) == 0, "pthread_create");
    require(pthread_join(thread, nullptr) == 0, "pthread_join");
    std::printf("this thread: %s\n", usage_of(RUSAGE_THREAD).what());
    std::printf("and in its stat: %s\n", stat_of_thread(getpid()).own.what());
    const Spent both = read_stat("/proc/self/stat").own;
    std::printf("both: some user %d, some system %d, as much as they used %d\n",
                both.user >= enough / 2, both.system >= enough / 2,
                both.total() >= 2 * enough - slack);
}

/// A timer of user time stands still in the kernel; one of all time does not.
void timers() {
    catch_signal(SIGVTALRM);
    const itimerval often{.it_interval = {0, 4'000}, .it_value = {0, 4'000}};
    const itimerval never{};
    require(setitimer(ITIMER_VIRTUAL, &often, nullptr) == 0, "setitimer");
    spend(read_zeroes);
    std::printf("virtual, in the kernel: %d\n", static_cast<int>(caught.count) <= 3);
    caught.count = 0;
    spend_until(count, [] { return caught.count >= 3; });
    std::printf("virtual, in user mode: %d\n", static_cast<int>(caught.count) >= 3);
    require(setitimer(ITIMER_VIRTUAL, &never, nullptr) == 0, "setitimer");
    catch_signal(SIGPROF);
    caught.count = 0;
    require(setitimer(ITIMER_PROF, &often, nullptr) == 0, "setitimer");
    spend_until(read_zeroes, [] { return caught.count >= 3; });
    std::printf("profiling, in the kernel: %d\n", static_cast<int>(caught.count) >= 3);
    require(setitimer(ITIMER_PROF, &never, nullptr) == 0, "setitimer");
}

/// Each answer is at least the one before, in both parts.
void never_back() {
    rusage before{};
    bool grows = true;
    const auto look = [&] {
        rusage now{};
        require(getrusage(RUSAGE_SELF, &now) == 0, "getrusage");
        grows = grows && !timercmp(&now.ru_utime, &before.ru_utime, <) &&
                !timercmp(&now.ru_stime, &before.ru_stime, <);
        before = now;
    };
    for (int round = 0; round < 2; ++round) {
        spend([&] {
            count();
            look();
        });
        spend([&] {
            read_zeroes();
            look();
        });
    }
    std::printf("never back: %d\n", grows);
}

/// The first line of /proc/stat: user, nice, system.
struct MachineSpent {
    long user;
    long nice;
    long system;
};
MachineSpent machine() {
    std::FILE* const file = std::fopen("/proc/stat", "re");
    require(file != nullptr, "/proc/stat");
    MachineSpent spent{};
    require(std::fscanf(file, "cpu %ld %ld %ld", &spent.user, &spent.nice, &spent.system) == 3,
            "the times of the machine");
    std::fclose(file);
    return {of_ticks(spent.user), of_ticks(spent.nice), of_ticks(spent.system)};
}

void whole_machine() {
    constexpr long some = enough / 2;
    const MachineSpent before = machine();
    spend_until(count, [&] { return machine().user - before.user >= some; });
    std::printf("the machine's user time: %d\n", machine().user - before.user >= some);
    spend_until(read_zeroes, [&] { return machine().system - before.system >= some; });
    std::printf("its system time: %d\n", machine().system - before.system >= some);
    require(setpriority(PRIO_PROCESS, 0, 5) == 0, "setpriority");
    spend_until(count, [&] { return machine().nice - before.nice >= some; });
    std::printf("its nice time: %d\n", machine().nice - before.nice >= some);
}

}  // namespace

int main(int argc, char**) {
    children::begin();
    if (argc > 1) {
        look_at("faulting", "system", fault);
        return 0;
    }
    look_at("counting", "user", count);
    look_at("reading", "system", read_zeroes);
    children::in_child("threads", [] {
        threads();
        return 0;
    });
    children::in_child("timers", [] {
        timers();
        return 0;
    });
    never_back();
    whole_machine();
    return 0;
}
