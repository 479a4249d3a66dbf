// SPDX-License-Identifier: MIT
// Scheduling policies and processors. There is one CPU and one policy.
#include <algorithm>

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class Policy : u32 { Other = 0, Fifo = 1, RoundRobin = 2, Batch = 3, Idle = 5 };

bool is_realtime(u32 policy) {
    return policy == static_cast<u32>(Policy::Fifo) ||
           policy == static_cast<u32>(Policy::RoundRobin);
}

bool is_known(u32 policy) {
    return is_realtime(policy) || policy == static_cast<u32>(Policy::Other) ||
           policy == static_cast<u32>(Policy::Batch) || policy == static_cast<u32>(Policy::Idle);
}

/// Ids of the sched calls are thread numbers.
Fallible<void> check_thread(i32 id) {
    if (id < 0) {
        return Error{Errno::Einval};
    }
    if (id != 0 && processes().find_thread(static_cast<u32>(id)) == nullptr) {
        return Error{Errno::Esrch};
    }
    return {};
}

}  // namespace

Nothing sched_yield() {
    yield();
    return {};
}

Value sched_getaffinity(i32 id, u64 size, Pointer mask) {
    RF_TRY(check_thread(id));
    if (size < sizeof(u64) || !is_aligned(size, sizeof(u64))) {
        return Error{Errno::Einval};
    }
    RF_TRY(write_user(mask, u64{1}));
    return u64{sizeof(u64)};
}

Nothing sched_setaffinity(i32 id, u64 size, Pointer mask) {
    RF_TRY(check_thread(id));
    u64 wanted = 0;
    RF_TRY(read_user_bytes(mask, {reinterpret_cast<u8*>(&wanted), std::min(size, sizeof(u64))}));
    using FirstCpu = Flag<0>;
    if (!FirstCpu::test(wanted)) {
        return Error{Errno::Einval};
    }
    return {};
}

Nothing sched_getparam(i32 id, Pointer parameter) {
    RF_TRY(check_thread(id));
    return write_user(parameter, i32{0});
}

Nothing sched_setparam(i32 id, Pointer parameter) {
    RF_TRY(check_thread(id));
    RF_TRY_ASSIGN(priority, read_user<i32>(parameter));
    if (priority != 0) {  // of the only policy there is
        return Error{Errno::Einval};
    }
    return {};
}

Value sched_getscheduler(i32 id) {
    RF_TRY(check_thread(id));
    return u64{static_cast<u32>(Policy::Other)};
}

Nothing sched_setscheduler(i32 id, u32 policy, Pointer parameter) {
    RF_TRY(check_thread(id));
    RF_TRY_ASSIGN(priority, read_user<i32>(parameter));
    if (!is_known(policy) || is_realtime(policy) != (priority > 0)) {
        return Error{Errno::Einval};
    }
    if (is_realtime(policy)) {
        return Error{Errno::Eperm};  // there is no real-time class
    }
    return {};
}

Value sched_get_priority_max(u32 policy) {
    constexpr u64 highest = 99;
    if (!is_known(policy)) {
        return Error{Errno::Einval};
    }
    return is_realtime(policy) ? highest : u64{0};
}

Value sched_get_priority_min(u32 policy) {
    if (!is_known(policy)) {
        return Error{Errno::Einval};
    }
    return is_realtime(policy) ? u64{1} : u64{0};
}

Nothing getcpu(Pointer cpu, Pointer node) {
    RF_TRY(write_user_if_wanted(cpu, u32{0}));
    return write_user_if_wanted(node, u32{0});
}

}  // namespace ringfence::kernel::syscalls
