// SPDX-License-Identifier: MIT
// An open file description: what dup and fork share. Kinds of files override the operations that
// they have.
#pragma once

#include "base/bits.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/io_buffer.h"

namespace ringfence::kernel {

class WaitQueue;

/// The bits of poll(2)'s events. [linux/abi]: include/uapi/asm-generic/poll.h
namespace poll_bits {
using In = Flag<0, u32>;
using Priority = Flag<1, u32>;
using Out = Flag<2, u32>;
using Error = Flag<3, u32>;
using HangUp = Flag<4, u32>;
using Invalid = Flag<5, u32>;
using ReadNormal = Flag<6, u32>;
using WriteNormal = Flag<8, u32>;
}  // namespace poll_bits

/// The queues on which a change of a file's readiness is announced.
struct ReadinessQueues {
    WaitQueue* reading = nullptr;
    WaitQueue* writing = nullptr;
};

enum class SeekFrom : u8 { Start = 0, Current = 1, End = 2, Data = 3, Hole = 4 };

class OpenFile : public RefCounted {
public:
    OpenFile(Ref<Inode> inode, OpenFlags flags) : inode_(std::move(inode)), flags_(flags) {}

    [[nodiscard]] Inode& inode() const { return *inode_; }
    [[nodiscard]] OpenFlags flags() const { return flags_; }
    /// Changes what fcntl(F_SETFL) may change.
    void set_status_flags(u32 word);
    /// The path by which it was opened, for /proc.
    [[nodiscard]] const String& path() const { return path_; }
    void set_path(String path) { path_ = std::move(path); }
    /// True while a read or write would have to wait and may.
    [[nodiscard]] bool may_block() const { return !flags_.non_blocking(); }

    u64 position = 0;

    /// Reads at `offset` and returns how many bytes; 0 at the end. Files without positions ignore
    /// `offset`. The caller has checked that the file is open for reading.
    virtual Fallible<u64> read(const IoDestination& to, u64 offset);
    virtual Fallible<u64> write(const IoSource& from, u64 offset);
    /// False for pipes and streams: no lseek, pread or pwrite.
    [[nodiscard]] virtual bool seekable() const { return true; }
    virtual Fallible<u64> seek(i64 offset, SeekFrom from);
    /// Device-specific requests. `argument` is whatever the program passed.
    virtual Fallible<u64> control(u32 request, u64 argument);
    /// Which poll events hold now.
    [[nodiscard]] virtual u32 ready() const;
    [[nodiscard]] virtual ReadinessQueues queues() { return {}; }

private:
    Ref<Inode> inode_;
    OpenFlags flags_;
    String path_;
};

/// Reads or writes at the file's own position and advances it.
Fallible<u64> read_at_position(OpenFile& file, const IoDestination& to);
Fallible<u64> write_at_position(OpenFile& file, const IoSource& from);

}  // namespace ringfence::kernel
