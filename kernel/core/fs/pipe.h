// SPDX-License-Identifier: MIT
// A pipe: a ring of bytes between the files that read it and the files that write it. FIFOs are
// pipes with a name.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

/// Bytes that a pipe holds, and the most that a write puts in without a gap. [linux/abi]: pipe(7)
inline constexpr u64 pipe_capacity = 64 * kib;
inline constexpr u64 atomic_pipe_write = 4096;

/// The ring itself; its storage comes from the heap when something is first written.
class PipeBuffer {
public:
    PipeBuffer() = default;
    PipeBuffer(const PipeBuffer&) = delete;
    PipeBuffer& operator=(const PipeBuffer&) = delete;
    ~PipeBuffer();

    [[nodiscard]] u64 used() const { return used_; }
    [[nodiscard]] u64 room() const { return pipe_capacity - used_; }
    /// Takes its storage, if it has none. Enomem.
    Fallible<void> prepare();
    /// Moves as much as fits; an error only if not even one byte could be moved.
    Fallible<u64> take(const IoDestination& to);
    Fallible<u64> put(const IoSource& from);
    /// The first bytes, as many as lie together; valid until something is put in or taken out.
    [[nodiscard]] std::span<const u8> front() const;
    /// Takes `count` of those out.
    void drop(u64 count);
    /// Forgets all but the first `count` bytes.
    void truncate(u64 count);

private:
    u8* storage_ = nullptr;
    u64 start_ = 0;
    u64 used_ = 0;
};

class Pipe final : public RefCounted, public Counted<Pipe> {
public:
    PipeBuffer buffer;
    u32 readers = 0;
    u32 writers = 0;
    u64 readers_ever = 0;  ///< so that a FIFO's opener sees a peer that is gone again
    u64 writers_ever = 0;
    WaitQueue read_queue;   ///< waits for bytes, or for the last writer to go
    WaitQueue write_queue;  ///< waits for room, or for the last reader to go
};

/// One end, or both of a FIFO that is open for reading and writing.
class PipeFile final : public OpenFile {
public:
    PipeFile(Ref<Inode> inode, OpenFlags flags, Ref<Pipe> pipe);
    ~PipeFile() override;

    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    Fallible<u64> write(const IoSource& from, u64 offset) override;
    [[nodiscard]] bool seekable() const override { return false; }
    Fallible<u64> control(u32 request, u64 argument) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override;
    [[nodiscard]] bool sends_signals() const override { return true; }

private:
    Fallible<void> wait_for_room(u64 wanted);

    Ref<Pipe> pipe_;
};

struct PipeEnds {
    Ref<OpenFile> reader;
    Ref<OpenFile> writer;
};
/// `flags` may hold O_NONBLOCK.
Fallible<PipeEnds> make_pipe(OpenFlags flags);

}  // namespace ringfence::kernel
