// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/file_signals.h"

#include <limits>

#include "kernel/core/fs/control_requests.h"
#include "kernel/core/fs/file_signals.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

using Kind = FileOwner::Kind;

/// `struct f_owner_ex`.
struct NamedOwner {
    u32 kind;
    i32 id;
};

bool exists(Kind kind, u32 id) {
    switch (kind) {
        case Kind::Thread:
            return processes().find_thread(id) != nullptr;
        case Kind::Process:
            return processes().find(id) != nullptr;
        case Kind::Group:
            for (const Ref<Process>& process : processes().all()) {
                if (process->group == id) {
                    return true;
                }
            }
            return false;
    }
    return false;
}

Value choose(OpenFile& file, Kind kind, u32 id) {
    if (id != 0 && !exists(kind, id)) {
        return Error{Errno::Esrch};
    }
    RF_TRY_ASSIGN(signals, file.make_signals());
    signals->owner = {.kind = kind, .id = id, .chosen_by = current_process().credentials.user};
    return u64{0};
}

/// As it was chosen; nobody if it is gone.
FileOwner living_owner(const OpenFile& file) {
    const FileSignals* const signals = file.signals();
    if (signals == nullptr || signals->owner.id == 0) {
        return {};
    }
    FileOwner owner = signals->owner;
    if (!exists(owner.kind, owner.id)) {
        owner.id = 0;
    }
    return owner;
}

}  // namespace

Value set_owner(OpenFile& file, i32 who) {
    if (who == std::numeric_limits<i32>::min()) {
        return Error{Errno::Einval};
    }
    return who < 0 ? choose(file, Kind::Group, static_cast<u32>(-who))
                   : choose(file, Kind::Process, static_cast<u32>(who));
}

i32 owner_of(const OpenFile& file) {
    const FileOwner owner = living_owner(file);
    const auto id = static_cast<i32>(owner.id);
    return owner.kind == Kind::Group ? -id : id;
}

Value set_kind_of_owner(OpenFile& file, Pointer owner) {
    RF_TRY_ASSIGN(wanted, read_user<NamedOwner>(owner));
    if (wanted.kind > static_cast<u32>(Kind::Group)) {
        return Error{Errno::Einval};
    }
    return choose(file, static_cast<Kind>(wanted.kind), static_cast<u32>(wanted.id));
}

Value get_kind_of_owner(const OpenFile& file, Pointer owner) {
    const FileOwner known = living_owner(file);
    RF_TRY(write_user(
        owner, NamedOwner{.kind = static_cast<u32>(known.kind), .id = static_cast<i32>(known.id)}));
    return u64{0};
}

Value set_signal(OpenFile& file, u64 signal) {
    if (signal > signal_count) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(signals, file.make_signals());
    signals->signal = static_cast<u32>(signal);
    return u64{0};
}

u64 signal_of(const OpenFile& file) {
    const FileSignals* const signals = file.signals();
    return signals != nullptr ? signals->signal : 0;
}

Nothing set_asynchronous(OpenFile& file, i32 descriptor, bool wanted) {
    if (!file.sends_signals() || wanted == file.flags().asynchronous()) {
        return {};
    }
    RF_TRY_ASSIGN(signals, file.make_signals());
    if (wanted) {
        signals->start(descriptor);
    } else {
        signals->stop();
    }
    file.mark_asynchronous(wanted);
    return {};
}

Value control_asynchronous(OpenFile& file, i32 descriptor, Pointer argument) {
    RF_TRY_ASSIGN(wanted, read_user<i32>(argument));
    if ((wanted != 0) != file.flags().asynchronous() && !file.sends_signals()) {
        return Error{Errno::Enotty};
    }
    RF_TRY(set_asynchronous(file, descriptor, wanted != 0));
    return u64{0};
}

Value control_owner(OpenFile& file, u32 request, Pointer argument) {
    if (request == control_requests::get_owner || request == control_requests::get_owner_group) {
        RF_TRY(write_user(argument, owner_of(file)));
        return u64{0};
    }
    RF_TRY_ASSIGN(who, read_user<i32>(argument));
    return set_owner(file, who);
}

}  // namespace ringfence::kernel::syscalls
