// SPDX-License-Identifier: MIT
// Real-time threads: who runs when, on one CPU. Runs on this project's kernel only: others have
// more CPUs, or let nobody have such priorities.
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <ctime>

#include "guest/programs/children.h"

namespace {

constexpr long millisecond = 1'000'000;

void set(pid_t process, int policy, int priority) {
    const sched_param parameter{.sched_priority = priority};
    require(sched_setscheduler(process, policy, &parameter) == 0, "sched_setscheduler");
}

long now_in_milliseconds(clockid_t clock = CLOCK_MONOTONIC) {
    timespec time{};
    require(clock_gettime(clock, &time) == 0, "clock_gettime");
    return time.tv_sec * 1000 + time.tv_nsec / millisecond;
}

void work(long milliseconds) {
    const long start = now_in_milliseconds(CLOCK_THREAD_CPUTIME_ID);
    while (now_in_milliseconds(CLOCK_THREAD_CPUTIME_ID) - start < milliseconds) {
    }
}

/// What several processes see.
struct Shared {
    std::atomic<int> started;
    std::atomic<int> order[4];
    std::atomic<int> place;
    std::atomic<long> counts[2];
    std::atomic<bool> enough;
};
Shared& shared() {
    static Shared& made = *static_cast<Shared*>(
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    return made;
}

/// Children of several priorities that all want the CPU: they have it in the order of these.
void order_of_priorities() {
    set(0, SCHED_FIFO, 90);
    pid_t children_of_all[4];
    constexpr int priorities[4] = {10, 30, 20, 30};
    for (int i = 0; i < 4; ++i) {
        children_of_all[i] = children::start([i] {
            work(20);
            shared().order[shared().place++] = i;
            return 0;
        });
        set(children_of_all[i], SCHED_FIFO, priorities[i]);
    }
    for (const pid_t child : children_of_all) {
        children::wait_for("a child", child);
    }
    set(0, SCHED_OTHER, 0);
    std::printf("order:");
    for (const auto& each : shared().order) {
        std::printf(" %d", each.load());
    }
    std::printf("\n");
}

/// Two children of one priority that count until they are stopped.
void share_of(const char* name, int policy) {
    Shared& all = shared();
    all.enough = false;
    set(0, SCHED_FIFO, 90);
    pid_t both[2];
    for (int i = 0; i < 2; ++i) {
        all.counts[i] = 0;
        both[i] = children::start([&all, i] {
            while (!all.enough) {
                work(1);
                all.counts[i]++;
            }
            return 0;
        });
        set(both[i], policy, 5);
    }
    children::sleep_milliseconds(300);
    all.enough = true;
    for (const pid_t child : both) {
        children::wait_for("a child", child);
    }
    set(0, SCHED_OTHER, 0);
    std::printf("%s: the first ran %d, the second ran %d\n", name, all.counts[0] > 20,
                all.counts[1] > 20);
}

/// One of higher priority wakes while another runs.
void preemption() {
    Shared& all = shared();
    all.enough = false;
    set(0, SCHED_FIFO, 40);
    const pid_t child = children::start([&all] {
        set(0, SCHED_FIFO, 30);
        while (!all.enough) {
        }
        return 0;
    });
    const long start = now_in_milliseconds();
    for (int i = 0; i < 5; ++i) {
        children::sleep_milliseconds(10);
    }
    const long passed = now_in_milliseconds() - start;
    all.enough = true;
    children::wait_for("a child", child);
    set(0, SCHED_OTHER, 0);
    std::printf("woken in time: %d\n", passed >= 50 && passed <= 80);
}

/// One that never gives the CPU away leaves a little of each second to others.
void the_rest() {
    const pid_t child = children::start([] {
        set(0, SCHED_FIFO, 99);
        for (;;) {
        }
        return 0;
    });
    children::sleep_milliseconds(20);
    const long start = now_in_milliseconds();
    work(70);  // more than the rest of one second
    const long passed = now_in_milliseconds() - start;
    require(kill(child, SIGKILL) == 0, "kill");
    children::wait_for("a child that never sleeps", child);
    std::printf("in the next second: %d\n", passed > 900 && passed < 2000);
}

void limits() {
    rlimit some{.rlim_cur = 10, .rlim_max = 10};
    require(setrlimit(RLIMIT_RTPRIO, &some) == 0, "setrlimit");
    const auto attempt = [](const char* name, int policy, int priority) {
        const sched_param parameter{.sched_priority = priority};
        show(name, sched_setscheduler(0, policy, &parameter));
    };
    children::as_nobody("nobody", [&] {
        attempt("as much as allowed", SCHED_RR, 10);
        attempt("more", SCHED_RR, 11);
        attempt("less", SCHED_FIFO, 3);
        timespec slice{};
        require(sched_rr_get_interval(0, &slice) == 0, "sched_rr_get_interval");
        std::printf("slice %ld ns\n", slice.tv_nsec);
        some.rlim_cur = 0;
        require(setrlimit(RLIMIT_RTPRIO, &some) == 0, "setrlimit");
        attempt("the same", SCHED_FIFO, 3);
        attempt("another policy", SCHED_RR, 3);
        attempt("none", SCHED_OTHER, 0);
        attempt("once more", SCHED_FIFO, 3);
        return 0;
    });
    set(0, SCHED_RR, 1);
    timespec slice{};
    require(sched_rr_get_interval(0, &slice) == 0, "sched_rr_get_interval");
    std::printf("slice %ld ns\n", slice.tv_nsec);
    set(0, SCHED_OTHER, 0);
}

}  // namespace

int main() {
    children::begin();
    shared();
    order_of_priorities();
    share_of("first in, first out", SCHED_FIFO);
    share_of("in turns", SCHED_RR);
    preemption();
    the_rest();
    limits();
    return 0;
}
