// SPDX-License-Identifier: MIT
// Numbers of processes, groups, sessions and users. [linux/abi]: credentials(7)
#include <algorithm>
#include <utility>

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u32 keep_id = ~u32{0};
constexpr i32 most_groups = 65536;  // NGROUPS_MAX

Nothing write_ids(const UserIds& ids, Pointer real, Pointer effective, Pointer saved) {
    RF_TRY(write_user(real, ids.real));
    RF_TRY(write_user(effective, ids.effective));
    return write_user(saved, ids.saved);
}

bool is_own(const UserIds& ids, u32 id) {
    return id == keep_id || id == ids.real || id == ids.effective || id == ids.saved;
}

/// Whoever acts as somebody else may hold what that one is not to see: from now on others of the
/// new kind may not look into it. [linux/abi]: prctl(2), PR_SET_DUMPABLE
void note_effective_id(u32 before, const UserIds& ids) {
    if (ids.effective != before) {
        current_process().memory->dumpable = false;
    }
}

/// The user's ids, or the group's.
struct Kind {
    UserIds Credentials::* ids;
    Capability any;  ///< with it, to whatever one likes
};
constexpr Kind user_ids{&Credentials::user, Capability::SetUid};
constexpr Kind group_ids{&Credentials::group, Capability::SetGid};

void take_ids(Kind kind, const UserIds& wanted) {
    Credentials& who = current_process().credentials;
    UserIds& ids = who.*kind.ids;
    const UserIds before = std::exchange(ids, wanted);
    if (&ids == &who.user) {
        who.capabilities.follow_user(before, ids);
    }
    note_effective_id(before.effective, ids);
}

/// setresuid and setresgid.
Nothing set_all(Kind kind, u32 real, u32 effective, u32 saved) {
    const Credentials& who = current_process().credentials;
    const UserIds& ids = who.*kind.ids;
    const bool privileged = who.may(kind.any);
    if (!privileged && (!is_own(ids, real) || !is_own(ids, effective) || !is_own(ids, saved))) {
        return Error{Errno::Eperm};
    }
    take_ids(kind,
             {real == keep_id ? ids.real : real, effective == keep_id ? ids.effective : effective,
              saved == keep_id ? ids.saved : saved});
    return {};
}

/// setuid and setgid.
Nothing set_one(Kind kind, u32 id) {
    if (id == keep_id) {
        return Error{Errno::Einval};
    }
    const Credentials& who = current_process().credentials;
    const UserIds& ids = who.*kind.ids;
    if (who.may(kind.any)) {
        take_ids(kind, {id, id, id});
    } else if (is_own(ids, id)) {
        take_ids(kind, {ids.real, id, ids.saved});
    } else {
        return Error{Errno::Eperm};
    }
    return {};
}

/// setreuid and setregid: the saved one follows the effective one if the real one is set or
/// differs.
Nothing set_two(Kind kind, u32 real, u32 effective) {
    const UserIds& ids = current_process().credentials.*kind.ids;
    const bool sets_saved = real != keep_id || (effective != keep_id && effective != ids.real);
    const u32 new_effective = effective == keep_id ? ids.effective : effective;
    return set_all(kind, real, effective, sets_saved ? new_effective : keep_id);
}

}  // namespace

Value getpid() {
    return u64{current_process().id()};
}

Value gettid() {
    return u64{current_thread().id()};
}

Value getppid() {
    return u64{current_process().parent->id()};
}

Value getuid() {
    return u64{current_process().credentials.user.real};
}

Value geteuid() {
    return u64{current_process().credentials.user.effective};
}

Value getgid() {
    return u64{current_process().credentials.group.real};
}

Value getegid() {
    return u64{current_process().credentials.group.effective};
}

Nothing getresuid(Pointer real, Pointer effective, Pointer saved) {
    return write_ids(current_process().credentials.user, real, effective, saved);
}

Nothing getresgid(Pointer real, Pointer effective, Pointer saved) {
    return write_ids(current_process().credentials.group, real, effective, saved);
}

Nothing setuid(u32 id) {
    return set_one(user_ids, id);
}

Nothing setgid(u32 id) {
    return set_one(group_ids, id);
}

Nothing setreuid(u32 real, u32 effective) {
    return set_two(user_ids, real, effective);
}

Nothing setregid(u32 real, u32 effective) {
    return set_two(group_ids, real, effective);
}

Nothing setresuid(u32 real, u32 effective, u32 saved) {
    return set_all(user_ids, real, effective, saved);
}

Nothing setresgid(u32 real, u32 effective, u32 saved) {
    return set_all(group_ids, real, effective, saved);
}

// The file system's ids are always the effective ones; setting them tells the old ones.

Value setfsuid(u32) {
    return geteuid();
}

Value setfsgid(u32) {
    return getegid();
}

Value getgroups(i32 size, Pointer list) {
    const Vector<u32>& groups = current_process().credentials.groups;
    const u64 count = groups.size();
    if (size < 0 || (size > 0 && static_cast<u64>(size) < count)) {
        return Error{Errno::Einval};
    }
    if (size > 0) {
        RF_TRY(write_user_bytes(list,
                                {reinterpret_cast<const u8*>(groups.data()), count * sizeof(u32)}));
    }
    return count;
}

Nothing setgroups(u64 size, Pointer list) {
    Credentials& who = current_process().credentials;
    if (!who.may(Capability::SetGid)) {
        return Error{Errno::Eperm};
    }
    if (size > static_cast<u64>(most_groups)) {
        return Error{Errno::Einval};
    }
    Vector<u32> groups;
    if (!memory_available(size * sizeof(u32) / page_size + 1) || !groups.try_reserve(size)) {
        return Error{Errno::Enomem};
    }
    groups.resize(size);
    RF_TRY(read_user_bytes(list, {reinterpret_cast<u8*>(groups.data()), size * sizeof(u32)}));
    who.groups = std::move(groups);
    return {};
}

Value getpgrp() {
    return u64{current_process().group};
}

Value getpgid(i32 id) {
    RF_TRY_ASSIGN(process, process_called(id));
    return u64{process->group};
}

Nothing setpgid(i32 id, i32 group) {
    if (group < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(process, process_called(id));
    Process& self = current_process();
    if (process != &self && process->parent != &self) {
        return Error{Errno::Esrch};
    }
    if (process != &self && process->has_executed) {
        return Error{Errno::Eacces};
    }
    if (process->session != self.session || process->session == process->id()) {
        return Error{Errno::Eperm};
    }
    const u32 wanted = group == 0 ? process->id() : static_cast<u32>(group);
    if (wanted != process->id() && !processes().has_group(wanted, self.session)) {
        return Error{Errno::Eperm};
    }
    process->group = wanted;
    return {};
}

Value getsid(i32 id) {
    RF_TRY_ASSIGN(process, process_called(id));
    return u64{process->session};
}

Value setsid() {
    Process& self = current_process();
    if (processes().has_group(self.id())) {
        return Error{Errno::Eperm};
    }
    self.group = self.session = self.id();
    self.terminal = nullptr;
    return u64{self.id()};
}

}  // namespace ringfence::kernel::syscalls
