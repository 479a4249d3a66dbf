// SPDX-License-Identifier: MIT
// Scheduling policies and priorities, as far as every Linux lets everybody have them; what asks for
// more, and what asks for what cannot be.
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstdint>
#include <initializer_list>

#include "guest/programs/children.h"

namespace {

/// `struct sched_attr`, of which the C library has none.
struct Attributes {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
    std::uint32_t least_utilization;
    std::uint32_t most_utilization;
};
constexpr unsigned first_size = 48;
constexpr int deadline_policy = 6;
constexpr int reset_on_fork_bit = 0x4000'0000;

long set(pid_t id, const void* attributes, unsigned flags = 0) {
    return syscall(SYS_sched_setattr, id, attributes, flags);
}
long get(pid_t id, void* attributes, unsigned size, unsigned flags = 0) {
    return syscall(SYS_sched_getattr, id, attributes, size, flags);
}
long set_scheduler(pid_t id, int policy, int priority) {
    const sched_param parameter{.sched_priority = priority};
    return syscall(SYS_sched_setscheduler, id, policy, &parameter);
}
void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

Attributes wish(int policy, int nice = 0, unsigned priority = 0, std::uint64_t flags = 0) {
    return {.size = sizeof(Attributes),
            .policy = static_cast<std::uint32_t>(policy),
            .flags = flags,
            .nice = nice,
            .priority = priority,
            .runtime = 0,
            .deadline = 0,
            .period = 0,
            .least_utilization = 0,
            .most_utilization = 0};
}

void show_now(const char* name) {
    Attributes now{};
    require(get(0, &now, first_size) == 0, "sched_getattr");
    std::printf("%s: policy %u, flags %lu, nice %d, priority %u, scheduler %#lx\n", name,
                now.policy, static_cast<unsigned long>(now.flags), now.nice, now.priority,
                static_cast<unsigned long>(syscall(SYS_sched_getscheduler, 0)));
}

void limits_of_policies() {
    for (const int policy : {0, 1, 2, 3, 4, 5, 6, 77, -1}) {
        std::printf("policy %d\n", policy);
        show_value("  most", syscall(SYS_sched_get_priority_max, policy));
        show_value("  least", syscall(SYS_sched_get_priority_min, policy));
    }
}

void ordinary() {
    show_now("at first");
    for (const int policy : {SCHED_BATCH, SCHED_IDLE, SCHED_OTHER}) {
        show("set", set_scheduler(0, policy, 0));
        show_now("now");
    }
    sched_param parameter{.sched_priority = 7};
    show("get", sched_getparam(0, &parameter));
    std::printf("priority %d\n", parameter.sched_priority);
    show("keep", sched_setparam(0, &parameter));
    const Attributes nicer = wish(SCHED_BATCH, 5);
    show("nicer", set(0, &nicer));
    show_now("now");
    std::printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
    const Attributes nicest = wish(SCHED_OTHER, 1000);
    show("nicer than there is", set(0, &nicest));
    show_now("now");
    children::in_child("a child", [] {
        show_now("as its parent");
        return 0;
    });
    timespec slice{-1, -1};
    show("slice", sched_rr_get_interval(0, &slice));
    std::printf("less than a second: %d\n", slice.tv_sec == 0 && slice.tv_nsec >= 0);
}

void reset_on_fork() {
    const Attributes idle = wish(SCHED_IDLE, 3, 0, 1);
    show("to be reset", set(0, &idle));
    show_now("now");
    children::in_child("a child", [] {
        show_now("anew");
        return 0;
    });
    show("by the policy", set_scheduler(0, SCHED_BATCH | reset_on_fork_bit, 0));
    show_now("now");
}

void parts_kept() {
    constexpr std::uint64_t keep_policy = 8;
    constexpr std::uint64_t keep_parameters = 16;
    const Attributes batch = wish(SCHED_BATCH, 7);
    show("batch", set(0, &batch));
    const Attributes nice = wish(SCHED_IDLE, 9, 0, keep_policy);
    show("keep the policy", set(0, &nice));
    show_now("now");
    const Attributes idle = wish(SCHED_IDLE, 11, 0, keep_parameters);
    show("keep the rest", set(0, &idle));
    show_now("now");
}

void mistakes() {
    Attributes now{};
    const sched_param none{.sched_priority = 0};
    show("no such policy", set_scheduler(0, 4, 0));
    show("no such policy", set_scheduler(0, 77, 0));
    show("a negative policy", set_scheduler(0, -1, 0));
    show("deadlines", set_scheduler(0, deadline_policy, 0));
    show("a priority of none", set_scheduler(0, SCHED_OTHER, 1));
    show("no priority", set_scheduler(0, SCHED_FIFO, 0));
    show("too high", set_scheduler(0, SCHED_RR, 100));
    show("a negative one", set_scheduler(0, SCHED_RR, -1));
    show("a negative process", set_scheduler(-1, SCHED_OTHER, 0));
    show("no such process", set_scheduler(0x3fff'fff0, SCHED_OTHER, 0));
    show("no parameter", syscall(SYS_sched_setscheduler, 0, 0, nullptr));
    show("a bad one", syscall(SYS_sched_setscheduler, 0, 0, bad_pointer()));
    show("no parameter", syscall(SYS_sched_setparam, 0, nullptr));
    show("a negative process", syscall(SYS_sched_setparam, -1, &none));
    show("no place", syscall(SYS_sched_getparam, 0, nullptr));
    show("a bad one", syscall(SYS_sched_getparam, 0, bad_pointer()));
    show("no such process", syscall(SYS_sched_getparam, 0x3fff'fff0, &now));
    show("a negative process", syscall(SYS_sched_getscheduler, -1));
    show("no such process", syscall(SYS_sched_getscheduler, 0x3fff'fff0));
    show("a negative process", syscall(SYS_sched_rr_get_interval, -1, &now));
    show("no such process", syscall(SYS_sched_rr_get_interval, 0x3fff'fff0, &now));
    show("a bad pointer", syscall(SYS_sched_rr_get_interval, 0, bad_pointer()));
}

void mistakes_of_attributes() {
    struct {
        Attributes known;
        std::uint64_t beyond[2];
    } longer{.known = wish(SCHED_OTHER, 19), .beyond = {}};
    longer.known.size = sizeof longer;
    show("longer than known", set(0, &longer));
    longer.beyond[1] = 1;
    show("and more of it", set(0, &longer));
    longer.known = wish(SCHED_OTHER, 19);
    longer.known.size = first_size;
    show("shorter", set(0, &longer));
    longer.known.size = 0;
    show("of no size", set(0, &longer));
    longer.known.size = first_size - 1;
    show("too short", set(0, &longer));
    std::printf("told a size: %d\n", longer.known.size >= sizeof(Attributes));
    longer.known.size = 5000;
    show("too long", set(0, &longer));
    Attributes some = wish(SCHED_OTHER, 19);
    show("no attributes", set(0, nullptr));
    show("bad ones", set(0, bad_pointer()));
    show("a negative process", set(-1, &some));
    show("no such process", set(0x3fff'fff0, &some));
    show("flags", set(0, &some, 1));
    some.flags = 1U << 20;
    show("unknown flags", set(0, &some));
    some = wish(77);
    show("no such policy", set(0, &some));
    some = wish(-1);
    show("a negative policy", set(0, &some));
    some = wish(SCHED_FIFO, 0, 100);
    show("too high", set(0, &some));
    some = wish(SCHED_BATCH, 19, 1);
    show("a priority of none", set(0, &some));
    some = wish(deadline_policy);
    show("no deadline", set(0, &some));
    some.runtime = 10'000'000;
    some.deadline = 5'000'000;
    show("more than fits", set(0, &some));
    Attributes now{};
    show("no place", get(0, nullptr, first_size));
    show("a bad one", get(0, bad_pointer(), first_size));
    show("too small", get(0, &now, first_size - 1));
    show("too large", get(0, &now, 5000));
    show("flags", get(0, &now, first_size, 1));
    show("a negative process", get(-1, &now, first_size));
    show("no such process", get(0x3fff'fff0, &now, first_size));
    show("the first part", get(0, &now, first_size));
    std::printf("%u bytes\n", now.size);
    show("all", get(0, &now, sizeof now));
    std::printf("%u bytes\n", now.size);
}

void without_privileges() {
    const pid_t parent = getpid();
    children::as_nobody("nobody", [&] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        require(setrlimit(RLIMIT_RTPRIO, &none) == 0 && setrlimit(RLIMIT_NICE, &none) == 0,
                "setrlimit");
        show("another user's", set_scheduler(parent, SCHED_BATCH, 0));
        cpu_set_t all;
        CPU_ZERO(&all);
        CPU_SET(0, &all);
        show("its processors", sched_setaffinity(parent, sizeof all, &all));
        std::printf("look at it: %d\n", syscall(SYS_sched_getscheduler, parent) >= 0);
        show("real time", set_scheduler(0, SCHED_FIFO, 1));
        Attributes some = wish(deadline_policy);
        some.runtime = 1'000'000;
        some.deadline = some.period = 10'000'000;
        show("deadlines", set(0, &some));
        some = wish(SCHED_OTHER, -5);
        show("less nice", set(0, &some));
        show("less nice", setpriority(PRIO_PROCESS, 0, -5));
        show("batch", set_scheduler(0, SCHED_BATCH, 0));
        show("and back", set_scheduler(0, SCHED_OTHER, 0));
        show("idle", set_scheduler(0, SCHED_IDLE, 0));
        show("and back", set_scheduler(0, SCHED_OTHER, 0));
        show("to be reset", set_scheduler(0, SCHED_IDLE | reset_on_fork_bit, 0));
        show("no more", set_scheduler(0, SCHED_IDLE, 0));
        return 0;
    });
}

}  // namespace

int main() {
    children::begin();
    limits_of_policies();
    without_privileges();
    children::in_child("ordinary", [] {
        ordinary();
        return 0;
    });
    children::in_child("reset", [] {
        reset_on_fork();
        return 0;
    });
    children::in_child("kept", [] {
        parts_kept();
        return 0;
    });
    mistakes();
    children::in_child("attributes", [] {
        mistakes_of_attributes();
        return 0;
    });
    return 0;
}
