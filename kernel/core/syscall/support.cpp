// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/support.h"

#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/file_size_limit.h"
#include "kernel/core/fs/missing_files.h"
#include "kernel/core/process/process_table.h"

namespace ringfence::kernel::syscalls {

Fallible<Ref<OpenFile>> readable_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (!file->flags().readable()) {
        return Error{Errno::Ebadf};
    }
    return file;
}

Fallible<Ref<OpenFile>> writable_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (!file->flags().writable()) {
        return Error{Errno::Ebadf};
    }
    return file;
}

Fallible<u64> new_descriptor(Ref<OpenFile> file, bool close_on_exec) {
    Process& process = current_process();
    RF_TRY_ASSIGN(descriptor, process.files->add(std::move(file), close_on_exec,
                                                 process.limit(Resource::OpenFiles)));
    return static_cast<u64>(descriptor);
}

Fallible<Ref<Inode>> file_at(i32 directory, Pointer path, u32 flags) {
    RF_TRY_ASSIGN(name, read_user_path(path));
    if (name.empty() && at_bits::EmptyPath::test(flags)) {
        if (directory == at_working_directory) {
            return current_process().place->directory;
        }
        RF_TRY_ASSIGN(file, file_of(directory));
        return Ref<Inode>(&file->inode());
    }
    RF_TRY_ASSIGN(context, name.view().starts_with('/')
                               ? Fallible<WalkContext>(current_walk_context())
                               : walk_context_at(directory));
    auto found = find_file(context, name,
                           at_bits::NoFollow::test(flags) ? FinalLink::Keep : FinalLink::Follow);
    if (!found && found.error() == Errno::Enoent) {
        note_missing_file(name);
    }
    return found;
}

Fallible<Place> place_at(i32 directory, Pointer path, FinalLink link) {
    RF_TRY_ASSIGN(name, read_user_path(path));
    RF_TRY_ASSIGN(context, name.view().starts_with('/')
                               ? Fallible<WalkContext>(current_walk_context())
                               : walk_context_at(directory));
    auto found = find_place(context, name, link);
    if (found ? !found.value().inode : found.error() == Errno::Enoent) {
        note_missing_file(name);
    }
    return found;
}

Fallible<void> check_access(const Inode& inode, Access wanted) {
    if (!current_process().credentials.may_access(inode.metadata(), wanted)) {
        return Error{Errno::Eacces};
    }
    return {};
}

Fallible<void> resize_mapped(Inode& inode, u64 size) {
    const bool shrinks = size < inode.size();
    if (size > inode.size()) {
        RF_TRY(check_file_growth(size));
    }
    RF_TRY(inode.resize(size));
    file_event(inode, file_events::Modified::mask);
    if (shrinks) {
        const u64 first_page = align_up(size, page_size) / page_size;
        for (const Ref<Process>& process : processes().all()) {
            if (process->memory) {
                process->memory->forget_file_pages(inode, first_page);
            }
        }
    }
    return {};
}

Fallible<Process*> process_called(i32 id) {
    Process* process = id == 0 ? &current_process() : processes().find(static_cast<u32>(id));
    if (id < 0 || process == nullptr) {
        return Error{Errno::Esrch};
    }
    return process;
}

}  // namespace ringfence::kernel::syscalls
