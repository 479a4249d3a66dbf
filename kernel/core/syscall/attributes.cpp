// SPDX-License-Identifier: MIT
// Changing and asking for permissions, owners, times and extended attributes.
#include "kernel/core/fs/file_events.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u32 keep_id = ~u32{0};

Fallible<void> check_owner(const Inode& inode) {
    const Credentials& who = current_process().credentials;
    if (!who.may(Capability::Fowner) && who.user.effective != inode.metadata().owner) {
        return Error{Errno::Eperm};
    }
    return {};
}

Fallible<void> change_mode(Inode& inode, u32 mode) {
    RF_TRY(check_owner(inode));
    inode.metadata().permissions = mode_bits::Permissions::get(mode);
    inode.metadata().changed = file_time_now();
    file_event(inode, file_events::AttributesChanged::mask);
    return {};
}

Fallible<void> change_owner(Inode& inode, u32 owner, u32 group) {
    const Credentials& who = current_process().credentials;
    Metadata& data = inode.metadata();
    const bool gives_away = owner != keep_id && owner != data.owner;
    const bool own_group = group == keep_id || who.in_group(group);
    if (!who.may(Capability::Chown) &&
        (gives_away || who.user.effective != data.owner || !own_group)) {
        return Error{Errno::Eperm};
    }
    data.owner = owner == keep_id ? data.owner : owner;
    data.group = group == keep_id ? data.group : group;
    if (!inode.is_directory()) {
        data.permissions = mode_bits::SetUserId::set(data.permissions, 0);
    }
    data.changed = file_time_now();
    file_event(inode, file_events::AttributesChanged::mask);
    return {};
}

struct FileTimes {
    TimeSpec accessed;
    TimeSpec modified;
};

constexpr i64 time_now = 1073741823;   // UTIME_NOW
constexpr i64 time_omit = 1073741822;  // UTIME_OMIT

bool is_acceptable(const TimeSpec& time) {
    return time.nanoseconds == time_now || time.nanoseconds == time_omit ||
           (time.nanoseconds >= 0 && time.nanoseconds < static_cast<i64>(nanoseconds_per_second));
}

void set_time(TimeSpec& field, const TimeSpec& wanted) {
    if (wanted.nanoseconds == time_now) {
        field = file_time_now();
    } else if (wanted.nanoseconds != time_omit) {
        field = wanted;
    }
}

/// One time alone counts as what would have set it. [linux/abi]: inotify(7), IN_ATTRIB
void tell_of_times(Inode& inode, const FileTimes& times) {
    const bool accessed = times.accessed.nanoseconds != time_omit;
    const bool modified = times.modified.nanoseconds != time_omit;
    if (accessed || modified) {
        file_event(inode, !modified   ? file_events::Accessed::mask
                          : !accessed ? file_events::Modified::mask
                                      : file_events::AttributesChanged::mask);
    }
}

Fallible<void> set_times(Inode& inode, const FileTimes& times) {
    if (!is_acceptable(times.accessed) || !is_acceptable(times.modified)) {
        return Error{Errno::Einval};
    }
    const bool both_now =
        times.accessed.nanoseconds == time_now && times.modified.nanoseconds == time_now;
    if (!both_now || !check_access(inode, Access::Write)) {
        RF_TRY(check_owner(inode));
    }
    set_time(inode.metadata().accessed, times.accessed);
    set_time(inode.metadata().modified, times.modified);
    inode.metadata().changed = file_time_now();
    tell_of_times(inode, times);
    return {};
}

constexpr FileTimes both_now{{0, time_now}, {0, time_now}};

/// Times given in microseconds; a null pointer means now.
Fallible<FileTimes> read_microsecond_times(Pointer times) {
    if (times == Pointer{}) {
        return both_now;
    }
    RF_TRY_ASSIGN(accessed, read_user<TimeValue>(times));
    RF_TRY_ASSIGN(modified, read_user<TimeValue>(times + sizeof(TimeValue)));
    if (!is_valid(TimeValue{0, accessed.microseconds}) ||
        !is_valid(TimeValue{0, modified.microseconds})) {
        return Error{Errno::Einval};
    }
    constexpr i64 scale = 1000;
    return FileTimes{{accessed.seconds, accessed.microseconds * scale},
                     {modified.seconds, modified.microseconds * scale}};
}

Fallible<void> check_wanted_access(i32 directory, Pointer path, u32 mode, u32 flags) {
    constexpr u32 all_modes = 7;
    if ((mode & ~all_modes) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(inode, file_at(directory, path, flags));
    const Credentials& mine = current_process().credentials;
    const Credentials who = at_bits::EffectiveAccess::test(flags) ? mine : mine.with_real_ids();
    if (!who.may_access(inode->metadata(), static_cast<Access>(mode))) {
        return Error{Errno::Eacces};
    }
    return {};
}

}  // namespace

Nothing faccessat2(i32 directory, Pointer path, u32 mode, u32 flags) {
    return check_wanted_access(directory, path, mode, flags);
}

Nothing faccessat(i32 directory, Pointer path, u32 mode) {
    return check_wanted_access(directory, path, mode, 0);
}

Nothing access(Pointer path, u32 mode) {
    return check_wanted_access(at_working_directory, path, mode, 0);
}

Nothing fchmodat(i32 directory, Pointer path, u32 mode) {
    RF_TRY_ASSIGN(inode, file_at(directory, path));
    return change_mode(*inode, mode);
}

Nothing chmod(Pointer path, u32 mode) {
    return fchmodat(at_working_directory, path, mode);
}

Nothing fchmod(i32 descriptor, u32 mode) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    return change_mode(file->inode(), mode);
}

Nothing fchownat(i32 directory, Pointer path, u32 owner, u32 group, u32 flags) {
    RF_TRY_ASSIGN(inode, file_at(directory, path, flags));
    return change_owner(*inode, owner, group);
}

Nothing chown(Pointer path, u32 owner, u32 group) {
    return fchownat(at_working_directory, path, owner, group, 0);
}

Nothing lchown(Pointer path, u32 owner, u32 group) {
    return fchownat(at_working_directory, path, owner, group, at_bits::NoFollow::mask);
}

Nothing fchown(i32 descriptor, u32 owner, u32 group) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    return change_owner(file->inode(), owner, group);
}

Nothing utimensat(i32 directory, Pointer path, Pointer times, u32 flags) {
    FileTimes wanted = both_now;
    if (times != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<FileTimes>(times));
        wanted = given;
    }
    if (path == Pointer{}) {  // futimens
        RF_TRY_ASSIGN(file, file_of(directory));
        return set_times(file->inode(), wanted);
    }
    RF_TRY_ASSIGN(inode, file_at(directory, path, flags));
    return set_times(*inode, wanted);
}

Nothing futimesat(i32 directory, Pointer path, Pointer times) {
    RF_TRY_ASSIGN(wanted, read_microsecond_times(times));
    RF_TRY_ASSIGN(inode, file_at(directory, path));
    return set_times(*inode, wanted);
}

Nothing utimes(Pointer path, Pointer times) {
    return futimesat(at_working_directory, path, times);
}

Nothing utime(Pointer path, Pointer times) {
    FileTimes wanted = both_now;
    if (times != Pointer{}) {
        struct Seconds {
            i64 accessed;
            i64 modified;
        };
        RF_TRY_ASSIGN(given, read_user<Seconds>(times));
        wanted = {{given.accessed, 0}, {given.modified, 0}};
    }
    RF_TRY_ASSIGN(inode, file_at(at_working_directory, path));
    return set_times(*inode, wanted);
}

}  // namespace ringfence::kernel::syscalls
