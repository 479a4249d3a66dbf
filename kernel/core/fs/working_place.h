// SPDX-License-Identifier: MIT
// Where a process is in the file system: root, working directory, umask. Threads share it.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

class WorkingPlace final : public RefCounted, public Counted<WorkingPlace> {
public:
    WorkingPlace(Ref<Inode> root_directory, Ref<Inode> working_directory)
        : root(std::move(root_directory)), directory(std::move(working_directory)) {}
    [[nodiscard]] Ref<WorkingPlace> copy() const {
        Ref<WorkingPlace> made = make_ref<WorkingPlace>(root, directory);
        made->file_mode_mask = file_mode_mask;
        return made;
    }

    Ref<Inode> root;
    Ref<Inode> directory;
    u32 file_mode_mask = 022;
};

}  // namespace ringfence::kernel
