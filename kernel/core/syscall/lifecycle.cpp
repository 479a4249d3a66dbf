// SPDX-License-Identifier: MIT
// Starting and ending processes and threads, and running programs.
#include "kernel/core/process/exec.h"
#include "kernel/core/process/exit.h"
#include "kernel/core/process/fork.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr usize longest_argument = 128 * kib;   // MAX_ARG_STRLEN
constexpr usize most_argument_bytes = 2 * mib;  // a quarter of the usual stack

/// A NULL-terminated array of strings; a null pointer counts as an empty one.
Fallible<Vector<String>> read_strings(Pointer array, usize& bytes_left) {
    Vector<String> strings;
    if (array == Pointer{}) {
        return strings;
    }
    for (Pointer at = array;; at += sizeof(u64)) {
        RF_TRY_ASSIGN(pointer, read_user<u64>(at));
        if (pointer == 0) {
            return strings;
        }
        RF_TRY_ASSIGN(text, read_user_string(Pointer{pointer}, longest_argument - 1, Errno::E2big));
        const usize cost = text.size() + 1 + sizeof(u64);
        if (cost > bytes_left) {
            return Error{Errno::E2big};
        }
        // It is copied twice, and each time into a block that may be twice as large.
        RF_TRY(admit_allocation(4 * cost / page_size + 1));
        bytes_left -= cost;
        strings.push_back(std::move(text));
    }
}

Value run_program(arch::TrapFrame& frame, Place place, String path, Pointer arguments,
                  Pointer environment) {
    if (!place.inode) {
        return Error{Errno::Enoent};
    }
    usize bytes_left = most_argument_bytes;
    RF_TRY_ASSIGN(argument_list, read_strings(arguments, bytes_left));
    RF_TRY_ASSIGN(environment_list, read_strings(environment, bytes_left));
    if (argument_list.empty()) {
        argument_list.push_back(String());
    }
    String absolute = file_path(place, *current_process().place->root);
    const auto done = execute({.path = std::move(path),
                               .file = place.inode,
                               .absolute_path = std::move(absolute),
                               .arguments = std::move(argument_list),
                               .environment = std::move(environment_list)},
                              frame);
    if (!done) {
        return Error{done.error().reason};
    }
    return u64{0};
}

/// `struct clone_args`. Programs may give the first fields of it only, or more than is known.
struct CloneArguments {
    u64 flags;
    u64 pid_descriptor;
    u64 child_id;
    u64 parent_id;
    u64 exit_signal;
    u64 stack;
    u64 stack_size;
    u64 thread_pointer;
    u64 ids;
    u64 id_count;
    u64 control_group;
};
static_assert(sizeof(CloneArguments) == 88);
constexpr u64 least_clone_arguments = 64;

constexpr u64 robust_head_size = 24;  // of struct robust_list_head

Fallible<CloneArguments> read_clone_arguments(Pointer from, u64 size) {
    if (size < least_clone_arguments || size > page_size) {
        return Error{size > page_size ? Errno::E2big : Errno::Einval};
    }
    CloneArguments given{};
    const u64 known = std::min(size, sizeof(given));
    RF_TRY(read_user_bytes(from, {reinterpret_cast<u8*>(&given), known}));
    for (u64 at = known; at < size; ++at) {
        RF_TRY_ASSIGN(beyond, read_user<u8>(from + at));
        if (beyond != 0) {
            return Error{Errno::E2big};  // asks for what is not known
        }
    }
    return given;
}

Value cloned(const Fallible<u32>& id) {
    return id ? Value(u64{id.value()}) : Error{id.error()};
}

}  // namespace

Value fork(arch::TrapFrame& frame) {
    return cloned(clone_process({}, frame));
}

Value vfork(arch::TrapFrame& frame) {
    using namespace clone_bits;
    return cloned(clone_process({.flags = Memory::mask | VFork::mask}, frame));
}

Value clone(arch::TrapFrame& frame, u64 flags, Pointer stack, Pointer parent_id, Pointer child_id,
            Pointer thread_pointer) {
    using namespace clone_bits;
    return cloned(clone_process({.flags = flags & ~ExitSignal::mask,
                                 .exit_signal = static_cast<u32>(ExitSignal::get(flags)),
                                 .stack = stack,
                                 .parent_id = parent_id,
                                 .child_id = child_id,
                                 .pid_descriptor = parent_id,
                                 .thread_pointer = thread_pointer},
                                frame));
}

Value clone3(arch::TrapFrame& frame, Pointer arguments, u64 size) {
    RF_TRY_ASSIGN(wanted, read_clone_arguments(arguments, size));
    const bool chooses_ids = wanted.ids != 0 || wanted.id_count != 0;
    if (chooses_ids || wanted.exit_signal > signal_count ||
        (wanted.stack == 0) != (wanted.stack_size == 0) ||
        clone_bits::ExitSignal::test(wanted.flags) || clone_bits::Detached::test(wanted.flags)) {
        return Error{Errno::Einval};
    }
    return cloned(clone_process({.flags = wanted.flags,
                                 .exit_signal = static_cast<u32>(wanted.exit_signal),
                                 .stack = Pointer{wanted.stack + wanted.stack_size},
                                 .parent_id = Pointer{wanted.parent_id},
                                 .child_id = Pointer{wanted.child_id},
                                 .pid_descriptor = Pointer{wanted.pid_descriptor},
                                 .thread_pointer = Pointer{wanted.thread_pointer}},
                                frame));
}

Value execve(arch::TrapFrame& frame, Pointer path, Pointer arguments, Pointer environment) {
    return execveat(frame, at_working_directory, path, arguments, environment, 0);
}

Value execveat(arch::TrapFrame& frame, i32 directory, Pointer path, Pointer arguments,
               Pointer environment, u32 flags) {
    RF_TRY_ASSIGN(text, read_user_path(path));
    if (text.empty() && at_bits::EmptyPath::test(flags)) {
        RF_TRY_ASSIGN(file, file_of(directory));
        String name("/dev/fd/");
        name.append_signed(directory);
        const Ref<Inode> inode(&file->inode());
        return run_program(frame, Place{inode, name, false, inode}, name, arguments, environment);
    }
    const FinalLink link = at_bits::NoFollow::test(flags) ? FinalLink::Keep : FinalLink::Follow;
    RF_TRY_ASSIGN(place, place_at(directory, path, link));
    return run_program(frame, place, text, arguments, environment);
}

Nothing exit(u32 code) {
    using Code = Bitfield<0, 8, u32>;
    Process& process = current_process();
    if (!process.has_several_threads() && !process.group_exiting) {
        process.status = {.exit_code = Code::get(code)};
    }
    exit_current_thread({.exit_code = Code::get(code)});
}

Nothing exit_group(u32 code) {
    using Code = Bitfield<0, 8, u32>;
    begin_group_exit(current_process(), {.exit_code = Code::get(code)});
    exit_current_thread(current_process().status);
}

Value set_tid_address(Pointer address) {
    current_thread().clear_child_id = address;
    return u64{current_thread().id()};
}

Nothing set_robust_list(Pointer head, u64 size) {
    if (size != robust_head_size) {
        return Error{Errno::Einval};
    }
    current_thread().robust_list = head;
    return {};
}

Nothing get_robust_list(i32 id, Pointer head, Pointer size) {
    const Thread* const thread =
        id == 0 ? &current_thread() : processes().find_thread(static_cast<u32>(id));
    if (thread == nullptr) {
        return Error{Errno::Esrch};
    }
    const Process& process = thread->process();
    if (!may_trace(process)) {
        return Error{Errno::Eperm};
    }
    RF_TRY(write_user(size, robust_head_size));
    return write_user(head, thread->robust_list.value());
}

Nothing rseq() {
    return Error{Errno::Enosys};  // programs are prepared for kernels without it
}

}  // namespace ringfence::kernel::syscalls
