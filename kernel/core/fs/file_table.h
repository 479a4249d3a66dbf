// SPDX-License-Identifier: MIT
// A process's file descriptors.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/open_file.h"

namespace ringfence::kernel {

/// When a descriptor is closed, the process's record locks of that file go, even if another
/// descriptor for it stays. [linux/abi]: fcntl(2), "Advisory record locking"
class FileTable final : public RefCounted, public Counted<FileTable> {
public:
    ~FileTable() override;
    /// The file behind a descriptor, or Ebadf.
    [[nodiscard]] Fallible<Ref<OpenFile>> get(i32 descriptor) const;
    /// Gives `file` the lowest free descriptor that is at least `lowest` and below `limit`. Emfile
    /// if there is none, Enomem if there is no memory for it.
    Fallible<i32> add(Ref<OpenFile> file, bool close_on_exec, u64 limit, i32 lowest = 0);
    /// Puts `file` at `descriptor`, closing what was there. Ebadf if it is not below `limit`,
    /// Enomem.
    Fallible<void> replace(i32 descriptor, Ref<OpenFile> file, bool close_on_exec, u64 limit);
    Fallible<void> close(i32 descriptor);
    [[nodiscard]] Fallible<bool> close_on_exec(i32 descriptor) const;
    Fallible<void> set_close_on_exec(i32 descriptor, bool value);
    void close_for_exec();
    /// For fork: the same open files under the same numbers. Enomem.
    [[nodiscard]] Fallible<Ref<FileTable>> copy() const;
    /// One more than the highest number that may be in use.
    [[nodiscard]] i32 end() const { return static_cast<i32>(slots_.size()); }

private:
    struct Slot {
        Ref<OpenFile> file;
        bool close_on_exec = false;
    };
    [[nodiscard]] const Slot* find(i32 descriptor) const;
    Fallible<void> make_slot(usize index);
    /// Puts `next` into the slot and closes what was there.
    void exchange(Slot& slot, Slot next);

    Vector<Slot> slots_;
};

}  // namespace ringfence::kernel
