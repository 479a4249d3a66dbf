// SPDX-License-Identifier: MIT
// An open file description: what dup and fork share. Kinds of files override the operations that
// they have.
#pragma once

#include "base/bits.h"
#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/io_buffer.h"

namespace ringfence::kernel {

class FileSignals;
class OpenFile;
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
using WriteBand = Flag<9, u32>;
using ReadHangUp = Flag<13, u32>;
}  // namespace poll_bits

/// The queues on which a change of a file's readiness is announced, the same for all of its life.
/// Errors and hang-ups are announced on either.
struct ReadinessQueues {
    WaitQueue* reading = nullptr;
    WaitQueue* writing = nullptr;
};

enum class SeekFrom : u8 { Start = 0, Current = 1, End = 2, Data = 3, Hole = 4 };

/// Names a class of open files that others must recognise; compared by address.
struct FileKind {
    const char* name;
};

/// Somebody who has an eye on a file without keeping it open.
class FileWatcher {
public:
    /// The file is about to go. The watcher is out of its list already, and may delete itself.
    virtual void file_closed() = 0;

    ListHook<FileWatcher> watch_hook{this};

protected:
    ~FileWatcher() = default;
};

class OpenFile : public RefCounted, public Counted<OpenFile> {
public:
    using Watchers = IntrusiveList<FileWatcher, &FileWatcher::watch_hook>;

    /// O_NOCTTY is about the opening alone, and O_ASYNC cannot begin with it: both are forgotten.
    OpenFile(Ref<Inode> inode, OpenFlags flags);
    ~OpenFile() override;

    [[nodiscard]] Inode& inode() const { return *inode_; }
    [[nodiscard]] OpenFlags flags() const { return flags_; }
    /// Changes what fcntl(F_SETFL) may change.
    void set_status_flags(u32 word);
    /// The path by which it was opened, for /proc.
    [[nodiscard]] const String& path() const { return path_; }
    void set_path(String path) { path_ = std::move(path); }
    /// Keeps the file from being run until the last descriptor is closed, as everything does that
    /// is opened for writing by name. Etxtbsy if it is run now.
    Fallible<void> keep_from_running();
    /// Who is told by signals that it has become ready; null if nobody has asked.
    [[nodiscard]] FileSignals* signals() const { return signals_.get(); }
    /// The same, made if need be. Enomem.
    Fallible<FileSignals*> make_signals();
    void mark_asynchronous(bool on);
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
    /// False for files that are always ready by their nature, which epoll refuses.
    [[nodiscard]] virtual bool can_be_polled() const;
    /// Appends what /proc/PID/fdinfo tells of this kind of file, whole lines.
    virtual void describe(String& text) const;
    /// True for the kinds of files that can be O_ASYNC.
    [[nodiscard]] virtual bool sends_signals() const { return false; }
    /// One of its descriptors is closed by the running process; others may be left.
    virtual void descriptor_closed() {}
    /// What file_cast looks at; null for files that nobody has to recognise.
    [[nodiscard]] virtual const FileKind* kind() const { return nullptr; }
    /// Those who hear of its end.
    [[nodiscard]] Watchers& watchers() const { return watchers_; }

protected:
    void dispose() const override;

private:
    mutable Watchers watchers_;
    Ref<Inode> inode_;
    OpenFlags flags_;
    bool keeps_from_running_ = false;
    mutable std::unique_ptr<FileSignals> signals_;
    String path_;
};

/// `file` as a T, or null if it is something else. T has a FileKind called file_kind and gives it
/// as its kind.
template <typename T>
[[nodiscard]] T* file_cast(OpenFile& file) {
    return file.kind() == &T::file_kind ? static_cast<T*>(&file) : nullptr;
}

/// Reads or writes, and tells those who watch the file.
Fallible<u64> read_at(OpenFile& file, const IoDestination& to, u64 offset);
Fallible<u64> write_at(OpenFile& file, const IoSource& from, u64 offset);
/// Reads or writes at the file's own position and advances it.
Fallible<u64> read_at_position(OpenFile& file, const IoDestination& to);
Fallible<u64> write_at_position(OpenFile& file, const IoSource& from);

}  // namespace ringfence::kernel
