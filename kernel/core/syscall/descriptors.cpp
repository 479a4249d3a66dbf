// SPDX-License-Identifier: MIT
// Descriptors: duplicating, closing, their flags, and files that are made without a name.
#include "kernel/core/fs/control_requests.h"
#include "kernel/core/fs/event_file.h"
#include "kernel/core/fs/pipe.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/socket/socket_file.h"
#include "kernel/core/syscall/file_locks.h"
#include "kernel/core/syscall/file_seals.h"
#include "kernel/core/syscall/file_signals.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class FcntlCommand : u32 {
    Duplicate = 0,
    GetDescriptorFlags = 1,
    SetDescriptorFlags = 2,
    GetStatusFlags = 3,
    SetStatusFlags = 4,
    GetLock = 5,
    SetLock = 6,
    SetLockWait = 7,
    SetOwner = 8,
    GetOwner = 9,
    SetSignal = 10,
    GetSignal = 11,
    SetKindOfOwner = 15,
    GetKindOfOwner = 16,
    GetOpenFileLock = 36,
    SetOpenFileLock = 37,
    SetOpenFileLockWait = 38,
    DuplicateCloseOnExec = 1030,
    SetPipeSize = 1031,
    GetPipeSize = 1032,
    AddSeals = 1033,
    GetSeals = 1034,
};
using CloseOnExecFlag = Flag<0, u64>;  // FD_CLOEXEC

/// Whether a command works on a file that was opened as a place alone. [linux/abi]: open(2), O_PATH
bool needs_no_access(FcntlCommand command) {
    return command <= FcntlCommand::GetStatusFlags || command == FcntlCommand::DuplicateCloseOnExec;
}

u64 open_file_limit() {
    return current_process().limit(Resource::OpenFiles);
}

Value duplicate(i32 descriptor, u64 lowest, bool close_on_exec) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (lowest >= open_file_limit()) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(made, current_process().files->add(file, close_on_exec, open_file_limit(),
                                                     static_cast<i32>(lowest)));
    return static_cast<u64>(made);
}

}  // namespace

Nothing close(i32 descriptor) {
    {
        RF_TRY_ASSIGN(file, file_of(descriptor));
        constexpr u32 own_references = 2;  // the table's and this one
        if (Socket* socket = socket_behind(*file);
            socket != nullptr && file->references() == own_references) {
            socket->linger();
        }
    }
    return current_process().files->close(descriptor);
}

Nothing close_range(u32 first, u32 last, u32 flags) {
    using Unshare = Flag<1, u32>;
    using CloseOnExec = Flag<2, u32>;
    if (first > last || (flags & ~(Unshare::mask | CloseOnExec::mask)) != 0) {
        return Error{Errno::Einval};
    }
    if (Unshare::test(flags)) {
        RF_TRY(unshare_files(current_process()));
    }
    FileTable& files = *current_process().files;
    for (u32 at = first; at <= last && at < static_cast<u32>(files.end()); ++at) {
        const i32 descriptor = static_cast<i32>(at);
        // Numbers that are not in use are skipped.
        static_cast<void>(CloseOnExec::test(flags) ? files.set_close_on_exec(descriptor, true).ok()
                                                   : files.close(descriptor).ok());
    }
    return {};
}

Value dup(i32 descriptor) {
    return duplicate(descriptor, 0, false);
}

Value dup2(i32 descriptor, i32 wanted) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (descriptor != wanted) {
        RF_TRY(current_process().files->replace(wanted, file, false, open_file_limit()));
    }
    return static_cast<u64>(wanted);
}

Value dup3(i32 descriptor, i32 wanted, u32 flags) {
    const OpenFlags open_flags{flags};
    if (descriptor == wanted || (flags & ~open_bits::CloseOnExec::mask) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    RF_TRY(current_process().files->replace(wanted, file, open_flags.close_on_exec(),
                                            open_file_limit()));
    return static_cast<u64>(wanted);
}

Value fcntl(i32 descriptor, u32 command, u64 argument) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    FileTable& files = *current_process().files;
    if (file->flags().path_only() && !needs_no_access(static_cast<FcntlCommand>(command))) {
        return Error{Errno::Ebadf};
    }
    switch (static_cast<FcntlCommand>(command)) {
        case FcntlCommand::Duplicate:
            return duplicate(descriptor, argument, false);
        case FcntlCommand::DuplicateCloseOnExec:
            return duplicate(descriptor, argument, true);
        case FcntlCommand::GetDescriptorFlags: {
            RF_TRY_ASSIGN(close_on_exec, files.close_on_exec(descriptor));
            return CloseOnExecFlag::make(close_on_exec ? 1 : 0);
        }
        case FcntlCommand::SetDescriptorFlags:
            RF_TRY(files.set_close_on_exec(descriptor, CloseOnExecFlag::test(argument)));
            return u64{0};
        case FcntlCommand::GetStatusFlags:
            return u64{file->flags().word & ~open_bits::CloseOnExec::mask};
        case FcntlCommand::SetStatusFlags:
            RF_TRY(set_asynchronous(*file, descriptor,
                                    open_bits::Asynchronous::test(static_cast<u32>(argument))));
            file->set_status_flags(static_cast<u32>(argument));
            return u64{0};
        case FcntlCommand::GetLock:
            return get_lock(*file, LockKind::Process, Pointer{argument});
        case FcntlCommand::SetLock:
        case FcntlCommand::SetLockWait:
            return set_lock(descriptor, LockKind::Process, Pointer{argument},
                            static_cast<FcntlCommand>(command) == FcntlCommand::SetLockWait);
        case FcntlCommand::GetOpenFileLock:
            return get_lock(*file, LockKind::OpenFile, Pointer{argument});
        case FcntlCommand::SetOpenFileLock:
        case FcntlCommand::SetOpenFileLockWait:
            return set_lock(
                descriptor, LockKind::OpenFile, Pointer{argument},
                static_cast<FcntlCommand>(command) == FcntlCommand::SetOpenFileLockWait);
        case FcntlCommand::SetOwner:
            return set_owner(*file, static_cast<i32>(argument));
        case FcntlCommand::GetOwner:
            return static_cast<u64>(i64{owner_of(*file)});
        case FcntlCommand::SetSignal:
            return set_signal(*file, argument);
        case FcntlCommand::GetSignal:
            return signal_of(*file);
        case FcntlCommand::SetKindOfOwner:
            return set_kind_of_owner(*file, Pointer{argument});
        case FcntlCommand::GetKindOfOwner:
            return get_kind_of_owner(*file, Pointer{argument});
        case FcntlCommand::SetPipeSize:
        case FcntlCommand::GetPipeSize:
            return file->inode().type() == FileType::Fifo ? Value(pipe_capacity)
                                                          : Error{Errno::Ebadf};
        case FcntlCommand::AddSeals:
            return add_seals(*file, argument);
        case FcntlCommand::GetSeals:
            return get_seals(*file);
    }
    return Error{Errno::Einval};
}

Value ioctl(i32 descriptor, u32 request, u64 argument) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    switch (request) {
        case control_requests::set_asynchronous:
            return control_asynchronous(*file, descriptor, Pointer{argument});
        case control_requests::set_owner:
        case control_requests::set_owner_group:
        case control_requests::get_owner:
        case control_requests::get_owner_group:
            if (socket_behind(*file) != nullptr) {
                return control_owner(*file, request, Pointer{argument});
            }
            break;
        case control_requests::set_close_on_exec:
        case control_requests::clear_close_on_exec:
            RF_TRY(current_process().files->set_close_on_exec(
                descriptor, request == control_requests::set_close_on_exec));
            return u64{0};
        case control_requests::set_non_blocking: {
            RF_TRY_ASSIGN(wanted, read_user<i32>(Pointer{argument}));
            const u32 flag = open_bits::NonBlocking::mask;
            const u32 word = file->flags().word;
            file->set_status_flags(wanted != 0 ? word | flag : word & ~flag);
            return u64{0};
        }
        case control_requests::bytes_readable:
            if (file->inode().type() == FileType::Regular) {
                const u64 size = file->inode().size();
                const u64 left = size > file->position ? size - file->position : 0;
                RF_TRY(write_user(Pointer{argument}, static_cast<i32>(left)));
                return u64{0};
            }
            break;
        default:
            break;
    }
    return file->control(request, argument);
}

Nothing pipe2(Pointer descriptors, u32 flags) {
    const OpenFlags open_flags{flags};
    constexpr u32 allowed =
        open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask | open_bits::Direct::mask;
    if ((flags & ~allowed) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(ends, make_pipe(OpenFlags{flags & ~open_bits::CloseOnExec::mask}));
    RF_TRY_ASSIGN(reader, new_descriptor(ends.reader, open_flags.close_on_exec()));
    const auto writer = new_descriptor(ends.writer, open_flags.close_on_exec());
    FileTable& files = *current_process().files;
    if (!writer) {
        RF_TRY(files.close(static_cast<i32>(reader)));
        return Error{writer.error()};
    }
    const i32 pair[] = {static_cast<i32>(reader), static_cast<i32>(writer.value())};
    const auto written =
        write_user_bytes(descriptors, {reinterpret_cast<const u8*>(pair), sizeof(pair)});
    if (!written) {
        RF_TRY(files.close(pair[0]));
        RF_TRY(files.close(pair[1]));
    }
    return written;
}

Nothing pipe(Pointer descriptors) {
    return pipe2(descriptors, 0);
}

Value eventfd2(u32 initial, u32 flags) {
    constexpr u32 semaphore = 1;
    constexpr u32 allowed = open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask | semaphore;
    if ((flags & ~allowed) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, make_event_file(initial, OpenFlags{flags & open_bits::NonBlocking::mask},
                                        (flags & semaphore) != 0));
    return new_descriptor(file, OpenFlags{flags}.close_on_exec());
}

Value eventfd(u32 initial) {
    return eventfd2(initial, 0);
}

Value memfd_create(Pointer name, u32 flags) {
    using CloseOnExec = Flag<0, u32>;
    using AllowSealing = Flag<1, u32>;
    using LargePages = Flag<2, u32>;
    constexpr u32 known = CloseOnExec::mask | AllowSealing::mask;
    constexpr usize longest_name = 249;
    constexpr u32 permissions = 0777;
    if (!LargePages::test(flags) && (flags & ~known) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(text, read_user_string(name, longest_name, Errno::Einval));
    if (LargePages::test(flags)) {
        return Error{Errno::Enosys};  // as without hugetlbfs
    }
    RF_TRY(admit_allocation());
    const Ref<TmpfsFile> inode = make_unnamed_file(0);
    inode->metadata().permissions = permissions;
    if (AllowSealing::test(flags)) {
        inode->seals()->allow();
    }
    RF_TRY_ASSIGN(file, inode->open(OpenFlags{OpenFlags::read_write}));
    file->set_path(String("/memfd:").append(text).append(" (deleted)"));
    return new_descriptor(file, CloseOnExec::test(flags));
}

}  // namespace ringfence::kernel::syscalls
