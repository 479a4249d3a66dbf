// SPDX-License-Identifier: MIT
// A pipe in the file system, or behind /proc/PID/fd.
#pragma once

#include "kernel/core/fs/pipe.h"

namespace ringfence::kernel {

class FifoInode final : public Inode {
public:
    explicit FifoInode(const Metadata& metadata) : Inode(metadata), pipe_(make_ref<Pipe>()) {}

    /// Waits for the other end, as Linux does. [linux/abi]: fifo(7)
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;
    [[nodiscard]] Pipe& pipe() const { return *pipe_; }

private:
    Ref<Pipe> pipe_;
};

}  // namespace ringfence::kernel
