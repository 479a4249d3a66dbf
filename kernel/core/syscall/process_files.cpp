// SPDX-License-Identifier: MIT
// pidfds: opening one, signals by it, and taking another process's open file.
#include "kernel/core/fs/process_file.h"

#include "kernel/core/fs/procfs.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/queued_signals.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/tracing/tracing.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Esrch once somebody has waited for it.
Nothing check_present(const Process& process) {
    return processes().find(process.id()) == &process ? Nothing{} : Error{Errno::Esrch};
}

/// The process that a pidfd means, or a directory of /proc. Ebadf for any other file.
Fallible<Ref<Process>> process_behind(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (file->flags().path_only()) {
        return Error{Errno::Ebadf};
    }
    if (const ProcessFile* pidfd = file_cast<ProcessFile>(*file)) {
        return Ref<Process>(&pidfd->process());
    }
    const auto id = process_of_directory(file->inode());
    if (!id) {
        return Error{Errno::Ebadf};
    }
    Process* const process = processes().find(*id);
    return process != nullptr ? Fallible<Ref<Process>>(Ref<Process>(process)) : Error{Errno::Esrch};
}

}  // namespace

Value pidfd_open(i32 id, u32 flags) {
    if ((flags & ~open_bits::NonBlocking::mask) != 0 || id <= 0) {
        return Error{Errno::Einval};
    }
    const u32 number = static_cast<u32>(id);
    Process* const process = processes().find(number);
    if (process == nullptr) {  // threads have none of their own
        return Error{processes().find_thread(number) != nullptr ? Errno::Einval : Errno::Esrch};
    }
    RF_TRY_ASSIGN(file, make_process_file(OpenFlags{flags}, Ref<Process>(process)));
    return new_descriptor(file, true);
}

Nothing pidfd_send_signal(i32 descriptor, u32 number, Pointer information, u32 flags) {
    if (flags != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(process, process_behind(descriptor));
    SignalInformation sent = from_current(number, signal_codes::user);
    if (information != Pointer{}) {
        RF_TRY_ASSIGN(image, read_signal_information(information));
        if (image.number != static_cast<i32>(number)) {
            return Error{Errno::Einval};
        }
        if (pretends_kernel(image) && process != &current_process()) {
            return Error{Errno::Eperm};
        }
        sent = from_image(image);
    }
    RF_TRY(check_present(*process));
    return queue_signal(*process, number, sent);
}

Value pidfd_getfd(i32 descriptor, i32 wanted, u32 flags) {
    if (flags != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    const ProcessFile* const pidfd = file_cast<ProcessFile>(*file);
    if (pidfd == nullptr) {
        return Error{Errno::Ebadf};
    }
    const Process& process = pidfd->process();
    RF_TRY(check_present(process));
    if (!may_trace(process)) {
        return Error{Errno::Eperm};
    }
    if (!process.files) {  // it has ended
        return Error{Errno::Ebadf};
    }
    RF_TRY_ASSIGN(theirs, process.files->get(wanted));
    return new_descriptor(theirs, true);
}

}  // namespace ringfence::kernel::syscalls
