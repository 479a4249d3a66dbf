// SPDX-License-Identifier: MIT
// A pipe in the file system, or behind /proc/PID/fd.
#pragma once

#include "kernel/core/fs/pipe.h"

namespace ringfence::kernel {

class FifoInode final : public Inode {
public:
    enum class Kind : u8 { Named, Pipe };

    FifoInode(const Metadata& metadata, Kind kind)
        : Inode(metadata), kind_(kind), pipe_(make_ref<Pipe>()) {}

    /// With a name it waits for the other end, as Linux does. What pipe() made and is opened anew
    /// through /proc/PID/fd had both ends, and is read to its end though its writer may be gone.
    /// [linux/abi]: fifo(7)
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;
    [[nodiscard]] Pipe& pipe() const { return *pipe_; }

private:
    Kind kind_;
    Ref<Pipe> pipe_;
};

}  // namespace ringfence::kernel
