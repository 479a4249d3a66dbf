// SPDX-License-Identifier: MIT
// Looking at sets of System V semaphores and changing them. [linux/abi]: semctl(2)
#include <algorithm>

#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/syscall/ipc_support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Beside ipc_commands.
namespace semaphore_commands {
constexpr i32 last_process = 11;
constexpr i32 value = 12;
constexpr i32 all_values = 13;
constexpr i32 waiting_for_more = 14;
constexpr i32 waiting_for_zero = 15;
constexpr i32 set_value = 16;
constexpr i32 set_all_values = 17;
constexpr i32 status_of_place = 18;
constexpr i32 usage = 19;
constexpr i32 status_of_any_place = 20;
}  // namespace semaphore_commands

/// `struct semid64_ds`.
struct SetImage {
    IpcPermissionImage permissions;
    i64 operation_time;
    u64 unused1;
    i64 change_time;
    u64 unused2;
    u64 count;
    u64 unused3[2];
};
static_assert(sizeof(SetImage) == 104);

/// `struct seminfo`. Some of its fields mean something else in what SEM_INFO says; some are what
/// Linux says without using it.
struct LimitsImage {
    i32 map = semaphore_limits::most_of_all;
    i32 most_sets = semaphore_limits::most_sets;
    i32 most_of_all = semaphore_limits::most_of_all;
    i32 most_undos = semaphore_limits::most_of_all;
    i32 most_per_set = semaphore_limits::most_per_set;
    i32 most_operations = semaphore_limits::most_operations;
    i32 most_undos_per_process = semaphore_limits::most_operations;
    i32 undo_size_or_sets = 20;
    i32 largest_value = semaphore_limits::largest_value;
    i32 largest_undo_or_semaphores = semaphore_limits::largest_value;
};
static_assert(sizeof(LimitsImage) == 40);

Value write_status(i32 id, Pointer buffer, IpcLookup how) {
    RF_TRY_ASSIGN(set, status_subject(semaphore_sets(), id, how));
    const SetImage image{.permissions = set->image(),
                         .operation_time = set->operation_time(),
                         .unused1 = 0,
                         .change_time = set->change_time(),
                         .unused2 = 0,
                         .count = set->count(),
                         .unused3 = {}};
    RF_TRY(write_user(buffer, image));
    return status_result(*set, how);
}

Value write_limits(Pointer buffer, bool usage) {
    LimitsImage limits;
    if (usage) {
        limits.undo_size_or_sets = static_cast<i32>(semaphore_sets().count());
        limits.largest_undo_or_semaphores = static_cast<i32>(semaphore_count());
    }
    RF_TRY(write_user(buffer, limits));
    return u64{semaphore_sets().highest_index()};
}

Value change_set(i32 id, Pointer buffer) {
    RF_TRY_ASSIGN(wanted, read_user<SetImage>(buffer));
    RF_TRY_ASSIGN(set, controlled_object(semaphore_sets(), id));
    RF_TRY(set->change(wanted.permissions));
    return u64{0};
}

Value remove_set(i32 id) {
    RF_TRY_ASSIGN(set, controlled_object(semaphore_sets(), id));
    set->remove();
    return u64{0};
}

Fallible<SemaphoreSet*> accessible_set(i32 id, u32 access) {
    RF_TRY_ASSIGN(set, semaphore_sets().find(id));
    RF_TRY(set->check_access(current_process().credentials, access));
    return set;
}

/// Room for a value of each semaphore of `set`.
Fallible<Vector<u16>> value_buffer(const SemaphoreSet& set) {
    Vector<u16> values;
    RF_TRY(admit_allocation(1 + set.count() * sizeof(u16) / frame_size));
    if (!values.try_reserve(set.count())) {
        return Error{Errno::Enomem};
    }
    values.resize(set.count());
    return values;
}

std::span<u8> bytes_of(Vector<u16>& values) {
    return {reinterpret_cast<u8*>(values.data()), values.size() * sizeof(u16)};
}

Value write_values(i32 id, Pointer buffer) {
    RF_TRY_ASSIGN(set, accessible_set(id, ipc_access::read));
    RF_TRY_ASSIGN(values, value_buffer(*set));
    for (u32 number = 0; number < set->count(); ++number) {
        values[number] = static_cast<u16>(set->value(number));
    }
    RF_TRY(write_user_bytes(buffer, bytes_of(values)));
    return u64{0};
}

Value read_values(i32 id, Pointer buffer) {
    RF_TRY_ASSIGN(set, accessible_set(id, ipc_access::write));
    RF_TRY_ASSIGN(values, value_buffer(*set));
    RF_TRY(read_user_bytes(buffer, bytes_of(values)));
    if (std::any_of(values.begin(), values.end(),
                    [](u16 value) { return value > semaphore_limits::largest_value; })) {
        return Error{Errno::Erange};
    }
    set->set_values({values.data(), values.size()});
    return u64{0};
}

/// The commands that say something of one semaphore.
Value tell(i32 id, i32 number, i32 command) {
    RF_TRY_ASSIGN(set, accessible_set(id, ipc_access::read));
    const u32 which = static_cast<u32>(number);
    if (which >= set->count()) {
        return Error{Errno::Einval};
    }
    switch (command) {
        case semaphore_commands::last_process:
            return u64{set->last_process(which)};
        case semaphore_commands::waiting_for_more:
            return u64{set->waiting_for_more(which)};
        case semaphore_commands::waiting_for_zero:
            return u64{set->waiting_for_zero(which)};
        default:
            return static_cast<u64>(set->value(which));
    }
}

Value set_value(i32 id, i32 number, i32 value) {
    if (value < 0 || value > semaphore_limits::largest_value) {
        return Error{Errno::Erange};
    }
    RF_TRY_ASSIGN(set, semaphore_sets().find(id));
    const u32 which = static_cast<u32>(number);
    if (which >= set->count()) {
        return Error{Errno::Einval};
    }
    RF_TRY(set->check_access(current_process().credentials, ipc_access::write));
    set->set_value(which, value);
    return u64{0};
}

}  // namespace

Value semctl(i32 id, i32 number, i32 command, u64 argument) {
    if (id < 0) {
        return Error{Errno::Einval};
    }
    const Pointer buffer{argument};
    switch (command) {
        case ipc_commands::information:
            return write_limits(buffer, false);
        case semaphore_commands::usage:
            return write_limits(buffer, true);
        case ipc_commands::status:
            return write_status(id, buffer, IpcLookup::Number);
        case semaphore_commands::status_of_place:
            return write_status(id, buffer, IpcLookup::Place);
        case semaphore_commands::status_of_any_place:
            return write_status(id, buffer, IpcLookup::AnyPlace);
        case semaphore_commands::all_values:
            return write_values(id, buffer);
        case semaphore_commands::set_all_values:
            return read_values(id, buffer);
        case semaphore_commands::value:
        case semaphore_commands::last_process:
        case semaphore_commands::waiting_for_more:
        case semaphore_commands::waiting_for_zero:
            return tell(id, number, command);
        case semaphore_commands::set_value:
            return set_value(id, number, static_cast<i32>(argument));
        case ipc_commands::set:
            return change_set(id, buffer);
        case ipc_commands::remove:
            return remove_set(id);
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace ringfence::kernel::syscalls
