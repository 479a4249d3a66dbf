// SPDX-License-Identifier: MIT
// Scheduling policies and real-time priorities. [linux/abi]: sched(7), sched_setattr(2)
#include <algorithm>

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/priorities.h"
#include "kernel/core/syscall/scheduled_thread.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct sched_attr`. Programs may give the first fields of it only, or more than is known.
struct SchedulingAttributes {
    u32 size;
    u32 policy;
    u64 flags;
    i32 nice;
    u32 priority;
    u64 runtime;
    u64 deadline;
    u64 period;
    u32 least_utilization;
    u32 most_utilization;
};
static_assert(sizeof(SchedulingAttributes) == 56);
constexpr u32 least_attributes = 48;

/// SCHED_FLAG_*.
namespace attribute_bits {
using ResetOnFork = Flag<0>;
using KeepPolicy = Flag<3>;
using KeepParameters = Flag<4>;
using Utilization = Bitfield<5, 2>;
using All = Bitfield<0, 7>;
}  // namespace attribute_bits

/// Of sched_setscheduler's policy.
using ResetOnForkBit = Flag<30, u32>;

/// What a call wants of a thread.
struct Wish {
    Scheduling scheduling;
    i32 nice;
    bool keeps_parameters = false;  ///< and the policy, as Linux has it
};

bool is_known(u32 policy) {
    switch (static_cast<SchedulingPolicy>(policy)) {
        case SchedulingPolicy::Other:
        case SchedulingPolicy::Fifo:
        case SchedulingPolicy::RoundRobin:
        case SchedulingPolicy::Batch:
        case SchedulingPolicy::Idle:
        case SchedulingPolicy::Deadline:
            return true;
    }
    return false;
}

/// Whether the limits of its process let a thread have what it wants without privileges.
bool within_limits(const Thread& thread, const Wish& wish) {
    const Process& process = thread.process();
    const Scheduling& now = thread.scheduling;
    const Scheduling& wanted = wish.scheduling;
    if (is_realtime(wanted.policy)) {
        const u64 limit = process.limit(Resource::RealtimePriority);
        const bool new_policy = wanted.policy != now.policy && limit == 0;
        if (new_policy || (wanted.priority > now.priority && wanted.priority > limit)) {
            return false;
        }
    } else if (wish.nice < process.nice && !may_lower_nice(process, wish.nice)) {
        return false;
    }
    const bool leaves_idle =
        now.policy == SchedulingPolicy::Idle && wanted.policy != SchedulingPolicy::Idle;
    return !(leaves_idle && !may_lower_nice(process, process.nice)) &&
           !(now.reset_on_fork && !wanted.reset_on_fork);
}

Nothing change(Thread& thread, const Wish& wish) {
    const Scheduling& wanted = wish.scheduling;
    if (wanted.priority > Scheduling::highest_priority ||
        is_realtime(wanted.policy) != (wanted.priority > 0)) {
        return Error{Errno::Einval};
    }
    const bool privileged = current_process().credentials.may(Capability::SysNice);
    if (!privileged && (!may_schedule(thread) || !within_limits(thread, wish))) {
        return Error{Errno::Eperm};
    }
    if (wish.keeps_parameters) {
        thread.scheduling.reset_on_fork = wanted.reset_on_fork;
        return {};
    }
    set_scheduling(thread, wanted);
    if (wanted.policy == SchedulingPolicy::Other || wanted.policy == SchedulingPolicy::Batch) {
        thread.process().nice = wish.nice;  // threads of a process share it here
    }
    return {};
}

/// sched_setscheduler and sched_setparam, which keeps the policy.
Nothing change_priority(i32 id, const u32* policy, Pointer parameter) {
    if (parameter == Pointer{} || id < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(priority, read_user<i32>(parameter));
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    Wish wish{.scheduling = thread->scheduling, .nice = thread->process().nice};
    if (policy != nullptr) {
        const u32 number = *policy & ~ResetOnForkBit::mask;
        const bool of_deadlines = number == static_cast<u32>(SchedulingPolicy::Deadline);
        if (!is_known(number) || of_deadlines) {  // which come by sched_setattr only
            return Error{Errno::Einval};
        }
        wish.scheduling.policy = static_cast<SchedulingPolicy>(number);
        wish.scheduling.reset_on_fork = ResetOnForkBit::test(*policy);
    }
    wish.scheduling.priority = static_cast<u32>(priority);
    return change(*thread, wish);
}

/// E2big for what is not known here, and the program is told what is.
Fallible<SchedulingAttributes> read_attributes(Pointer from) {
    RF_TRY_ASSIGN(given_size, read_user<u32>(from));
    const u32 size = given_size == 0 ? least_attributes : given_size;
    SchedulingAttributes given{};
    const u32 known = std::min(size, static_cast<u32>(sizeof(given)));
    bool understood = size >= least_attributes && size <= page_size;
    for (u32 at = known; understood && at < size; ++at) {
        RF_TRY_ASSIGN(beyond, read_user<u8>(from + at));
        understood = beyond == 0;
    }
    if (!understood) {
        RF_TRY(write_user(from, static_cast<u32>(sizeof(given))));
        return Error{Errno::E2big};
    }
    RF_TRY(read_user_bytes(from, {reinterpret_cast<u8*>(&given), known}));
    given.size = size;
    return given;
}

/// [linux/abi]: sched_setattr(2), EINVAL
bool are_deadlines(const SchedulingAttributes& given) {
    using Sign = Flag<63>;
    constexpr u64 least_runtime = 1024;
    const u64 period = given.period == 0 ? given.deadline : given.period;
    return given.deadline != 0 && given.runtime >= least_runtime &&
           !Sign::test(given.deadline | given.period) && given.runtime <= given.deadline &&
           given.deadline <= period;
}

Nothing change_attributes(Thread& thread, const SchedulingAttributes& given) {
    using namespace attribute_bits;
    Wish wish{.scheduling = {.policy = static_cast<SchedulingPolicy>(given.policy),
                             .priority = given.priority,
                             .reset_on_fork = ResetOnFork::test(given.flags)},
              .nice = std::clamp(given.nice, lowest_nice, highest_nice)};
    if (KeepPolicy::test(given.flags)) {
        wish.scheduling.policy = thread.scheduling.policy;
        wish.scheduling.reset_on_fork = thread.scheduling.reset_on_fork;
    }
    if (KeepParameters::test(given.flags)) {
        wish.scheduling.priority = thread.scheduling.priority;
        wish.nice = thread.process().nice;
        wish.keeps_parameters = true;
    }
    if (!is_known(static_cast<u32>(wish.scheduling.policy)) || (given.flags & ~All::mask) != 0) {
        return Error{Errno::Einval};
    }
    if (wish.scheduling.policy != SchedulingPolicy::Deadline) {
        RF_TRY(Utilization::get(given.flags) == 0 ? Nothing{} : Error{Errno::Eopnotsupp});
        return change(thread, wish);
    }
    if (given.priority != 0 || !are_deadlines(given)) {
        return Error{Errno::Einval};
    }
    // No time of the CPU is set aside, so there is none to promise.
    return Error{current_process().credentials.may(Capability::SysNice) ? Errno::Ebusy
                                                                        : Errno::Eperm};
}

}  // namespace

Fallible<Thread*> scheduled_thread(i32 id) {
    if (id < 0) {
        return Error{Errno::Einval};
    }
    Thread* const thread =
        id == 0 ? &current_thread() : processes().find_thread(static_cast<u32>(id));
    return thread != nullptr ? Fallible<Thread*>(thread) : Error{Errno::Esrch};
}

bool may_schedule(const Thread& thread) {
    const Credentials& mine = current_process().credentials;
    const UserIds& theirs = thread.process().credentials.user;
    return mine.may(Capability::SysNice) || mine.user.effective == theirs.effective ||
           mine.user.effective == theirs.real;
}

Nothing sched_setparam(i32 id, Pointer parameter) {
    return change_priority(id, nullptr, parameter);
}

Nothing sched_setscheduler(i32 id, u32 policy, Pointer parameter) {
    if (static_cast<i32>(policy) < 0) {
        return Error{Errno::Einval};
    }
    return change_priority(id, &policy, parameter);
}

Nothing sched_getparam(i32 id, Pointer parameter) {
    if (parameter == Pointer{}) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    return write_user(parameter, thread->scheduling.priority);
}

Value sched_getscheduler(i32 id) {
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    const Scheduling& now = thread->scheduling;
    return u64{static_cast<u32>(now.policy) | ResetOnForkBit::make(now.reset_on_fork ? 1 : 0)};
}

Nothing sched_setattr(i32 id, Pointer attributes, u32 flags) {
    if (attributes == Pointer{} || id < 0 || flags != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(given, read_attributes(attributes));
    const bool knows_utilization = given.size == sizeof(given);
    if ((attribute_bits::Utilization::get(given.flags) != 0 && !knows_utilization) ||
        static_cast<i32>(given.policy) < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    return change_attributes(*thread, given);
}

Nothing sched_getattr(i32 id, Pointer attributes, u32 size, u32 flags) {
    if (attributes == Pointer{} || id < 0 || size > page_size || size < least_attributes ||
        flags != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    const Scheduling& now = thread->scheduling;
    const u32 known = std::min(size, static_cast<u32>(sizeof(SchedulingAttributes)));
    const SchedulingAttributes found{
        .size = known,
        .policy = static_cast<u32>(now.policy),
        .flags = attribute_bits::ResetOnFork::make(now.reset_on_fork ? 1 : 0),
        .nice = is_realtime(now.policy) ? 0 : thread->process().nice,
        .priority = now.priority,
        .runtime = 0,
        .deadline = 0,
        .period = 0,
        .least_utilization = 0,
        .most_utilization = 0};
    return write_user_bytes(attributes, {reinterpret_cast<const u8*>(&found), known});
}

Value sched_get_priority_max(u32 policy) {
    if (!is_known(policy)) {
        return Error{Errno::Einval};
    }
    return is_realtime(static_cast<SchedulingPolicy>(policy)) ? u64{Scheduling::highest_priority}
                                                              : u64{0};
}

Value sched_get_priority_min(u32 policy) {
    if (!is_known(policy)) {
        return Error{Errno::Einval};
    }
    return is_realtime(static_cast<SchedulingPolicy>(policy)) ? u64{1} : u64{0};
}

Nothing sched_rr_get_interval(i32 id, Pointer interval) {
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    return write_user(interval, to_timespec(slice_of(*thread)));
}

}  // namespace ringfence::kernel::syscalls
