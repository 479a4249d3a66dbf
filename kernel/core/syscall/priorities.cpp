// SPDX-License-Identifier: MIT
// Priorities of processes: kept and reported. All processes share the CPU alike, and no file waits
// for a disk.
#include "kernel/core/syscall/priorities.h"

#include <algorithm>

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// The processes that a call means: one, a group, or a user's.
enum class PriorityKind : u32 { Process = 0, Group = 1, User = 2 };

struct Meant {
    PriorityKind kind;
    u32 who;  ///< 0: the caller's

    [[nodiscard]] bool contains(const Process& process) const {
        const Process& self = current_process();
        switch (kind) {
            case PriorityKind::Process:
                return process.id() == (who == 0 ? self.id() : who);
            case PriorityKind::Group:
                return process.group == (who == 0 ? self.group : who);
            case PriorityKind::User:
                return process.credentials.user.real ==
                       (who == 0 ? self.credentials.user.real : who);
        }
        return false;
    }
};

/// `first` is the number that the call has for a single process.
Fallible<Meant> meant(u32 which, u32 first, i32 who) {
    const u32 kind = which - first;
    if (which < first || kind > static_cast<u32>(PriorityKind::User)) {
        return Error{Errno::Einval};
    }
    return Meant{static_cast<PriorityKind>(kind), static_cast<u32>(who)};
}

/// Changes all that are meant; Esrch if there are none.
Nothing for_each(const Meant& meant, auto change) {
    bool any = false;
    for (const Ref<Process>& process : processes().all()) {
        if (meant.contains(*process)) {
            RF_TRY(change(*process));
            any = true;
        }
    }
    return any ? Nothing{} : Error{Errno::Esrch};
}

/// [linux/abi]: include/uapi/linux/ioprio.h
namespace io_priority {
enum class Class : u32 { None = 0, Realtime = 1, BestEffort = 2, Idle = 3 };
using Level = Bitfield<0, 13, u32>;
using ClassField = Bitfield<13, 3, u32>;
constexpr u32 levels = 8;
constexpr u32 first_kind = 1;
}  // namespace io_priority

Nothing check_io_priority(u32 value) {
    using namespace io_priority;
    const u32 level = Level::get(value);
    switch (static_cast<Class>(ClassField::get(value))) {
        case Class::Realtime:
            if (!current_process().credentials.may(Capability::SysNice)) {
                return Error{Errno::Eperm};
            }
            [[fallthrough]];
        case Class::BestEffort:
            return level < levels ? Nothing{} : Error{Errno::Einval};
        case Class::Idle:
            return {};
        case Class::None:
            return level == 0 ? Nothing{} : Error{Errno::Einval};
    }
    return Error{Errno::Einval};
}

}  // namespace

bool may_lower_nice(const Process& process, i32 nice) {
    const auto asked = static_cast<u64>(highest_nice + 1 - nice);  // 1 to 40, as the limit counts
    return current_process().credentials.may(Capability::SysNice) ||
           asked <= process.limit(Resource::Nice);
}

Value getpriority(u32 which, i32 who) {
    RF_TRY_ASSIGN(wanted, meant(which, 0, who));
    i32 best = highest_nice;
    RF_TRY(for_each(wanted, [&](const Process& process) {
        best = std::min(best, process.nice);
        return Nothing{};
    }));
    return static_cast<u64>(highest_nice + 1 - best);  // never negative, as the call must be
}

Nothing setpriority(u32 which, i32 who, i32 value) {
    RF_TRY_ASSIGN(wanted, meant(which, 0, who));
    const i32 nice = std::clamp(value, lowest_nice, highest_nice);
    return for_each(wanted, [&](Process& process) {
        if (nice < process.nice && !may_lower_nice(process, nice)) {
            return Nothing(Error{Errno::Eacces});
        }
        process.nice = nice;
        return Nothing{};
    });
}

Value ioprio_get(u32 which, i32 who) {
    RF_TRY_ASSIGN(wanted, meant(which, io_priority::first_kind, who));
    u32 best = ~u32{0};
    RF_TRY(for_each(wanted, [&](const Process& process) {
        best = std::min(best, process.io_priority);
        return Nothing{};
    }));
    return u64{best};
}

Nothing ioprio_set(u32 which, i32 who, u32 value) {
    RF_TRY(check_io_priority(value));
    RF_TRY_ASSIGN(wanted, meant(which, io_priority::first_kind, who));
    return for_each(wanted, [&](Process& process) {
        if (!current_process().credentials.may(Capability::SysNice) &&
            process.credentials.user.real != current_process().credentials.user.real) {
            return Nothing(Error{Errno::Eperm});
        }
        process.io_priority = value;
        return Nothing{};
    });
}

}  // namespace ringfence::kernel::syscalls
