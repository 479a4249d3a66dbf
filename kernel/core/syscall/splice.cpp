// SPDX-License-Identifier: MIT
// Moving bytes between pipes and other files inside the kernel. [linux/abi]: splice(2), tee(2),
// vmsplice(2)
#include <algorithm>

#include "kernel/core/fs/fifo.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/copy_side.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u64 piece_size = 2048;  // on the kernel stack

namespace splice_bits {
using NonBlocking = Flag<1, u32>;
inline constexpr u32 known = low_mask<u32>(4);  ///< the others are hints
}  // namespace splice_bits

/// The pipe behind a file; null if there is none.
Pipe* pipe_of(const OpenFile& file) {
    return file.inode().type() == FileType::Fifo ? &static_cast<FifoInode&>(file.inode()).pipe()
                                                 : nullptr;
}

/// Does not sleep in a transfer: between a look into a pipe and what follows from it nobody else
/// may run.
class WithoutWaiting {
public:
    explicit WithoutWaiting(OpenFile& file) : file_(file), flags_(file.flags().word) {
        file.set_status_flags(flags_ | open_bits::NonBlocking::mask);
    }
    WithoutWaiting(const WithoutWaiting&) = delete;
    WithoutWaiting& operator=(const WithoutWaiting&) = delete;
    ~WithoutWaiting() { file_.set_status_flags(flags_); }

private:
    OpenFile& file_;
    u32 flags_;
};

/// Waits until poll would say one of `events` of a file, or that it has ended.
Fallible<void> wait_for(OpenFile& file, WaitQueue* queue, u32 events) {
    if (!file.may_block() || queue == nullptr) {
        return Error{Errno::Eagain};
    }
    const u32 any = events | poll_bits::Error::mask | poll_bits::HangUp::mask;
    return wait_until(*queue, [&] { return (file.ready() & any) != 0; });
}

/// Waits until there is something to take; false at the end.
Fallible<bool> wait_for_bytes(Pipe& pipe, bool may_wait) {
    if (pipe.buffer.used() == 0 && pipe.writers > 0) {
        if (!may_wait) {
            return Error{Errno::Eagain};
        }
        RF_TRY(wait_until(pipe.read_queue,
                          [&] { return pipe.buffer.used() > 0 || pipe.writers == 0; }));
    }
    return pipe.buffer.used() > 0;
}

Fallible<void> wait_for_room(Pipe& pipe, bool may_wait) {
    if (pipe.buffer.room() == 0 && pipe.readers > 0) {
        if (!may_wait) {
            return Error{Errno::Eagain};
        }
        RF_TRY(wait_until(pipe.write_queue,
                          [&] { return pipe.buffer.room() > 0 || pipe.readers == 0; }));
    }
    if (pipe.readers == 0) {
        send_signal_to_current(signals::pipe);
        return Error{Errno::Epipe};
    }
    return {};
}

/// One piece out of a pipe; 0 at the end.
Value take_piece(Pipe& pipe, CopySide& to, u64 count, bool may_wait) {
    for (;;) {
        RF_TRY_ASSIGN(some, wait_for_bytes(pipe, may_wait));
        if (!some) {
            return u64{0};
        }
        const auto bytes = pipe.buffer.front();
        const auto put = [&] {
            const WithoutWaiting now(to.file());
            return to.write(bytes.first(std::min<u64>(count, bytes.size())));
        }();
        if (put) {
            pipe.buffer.drop(put.value());
            pipe.write_queue.wake_all();
            to.advance(put.value());
            return put;
        }
        if (put.error() != Errno::Eagain || !may_wait) {
            return put;
        }
        RF_TRY(wait_for(to.file(), to.file().queues().writing, poll_bits::Out::mask));
    }
}

/// One piece into a pipe; 0 at the end of the source.
Value put_piece(CopySide& from, Pipe& pipe, u64 count, bool may_wait) {
    u8 bytes[piece_size];
    for (;;) {
        RF_TRY(wait_for_room(pipe, may_wait));
        const auto got = [&] {
            const WithoutWaiting now(from.file());
            return from.read({bytes, std::min({piece_size, count, pipe.buffer.room()})});
        }();
        if (got) {
            RF_TRY(pipe.buffer.put(IoSource(std::span<const u8>(bytes, got.value()))));
            pipe.read_queue.wake_all();
            from.advance(got.value());
            return got;
        }
        if (got.error() != Errno::Eagain || !may_wait) {
            return got;
        }
        RF_TRY(wait_for(from.file(), from.file().queues().reading, poll_bits::In::mask));
    }
}

/// Moves pieces until `count` is reached or the next one would have to be waited for.
template <typename Move>
Value move_pieces(u64 count, bool may_wait, Move move) {
    u64 done = 0;
    while (done < count) {
        const Value moved = move(count - done, may_wait && done == 0);
        if (!moved || moved.value() == 0) {
            return done > 0 ? Value(done) : moved;
        }
        done += moved.value();
    }
    return done;
}

}  // namespace

Value splice(i32 from, Pointer from_offset, i32 to, Pointer to_offset, u64 count, u32 flags) {
    if (count == 0) {
        return u64{0};
    }
    if ((flags & ~splice_bits::known) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(source, readable_file(from));
    RF_TRY_ASSIGN(target, writable_file(to));
    Pipe* const source_pipe = pipe_of(*source);
    Pipe* const target_pipe = pipe_of(*target);
    if ((source_pipe != nullptr && from_offset != Pointer{}) ||
        (target_pipe != nullptr && to_offset != Pointer{})) {
        return Error{Errno::Espipe};
    }
    if (source_pipe == target_pipe || target->flags().append()) {
        return Error{Errno::Einval};  // neither is a pipe, or both are the same
    }
    RF_TRY_ASSIGN(reading, CopySide::make(*source, from_offset));
    RF_TRY_ASSIGN(writing, CopySide::make(*target, to_offset));
    const bool may_wait = !splice_bits::NonBlocking::test(flags);
    const Value moved =
        move_pieces(std::min(count, most_transfer), may_wait, [&](u64 left, bool wait) {
            return source_pipe != nullptr ? take_piece(*source_pipe, writing, left, wait)
                                          : put_piece(reading, *target_pipe, left, wait);
        });
    RF_TRY(source_pipe != nullptr ? writing.finish() : reading.finish());
    return moved;
}

Value tee(i32 from, i32 to, u64 count, u32 flags) {
    if ((flags & ~splice_bits::known) != 0) {
        return Error{Errno::Einval};
    }
    if (count == 0) {
        return u64{0};
    }
    RF_TRY_ASSIGN(source, readable_file(from));
    RF_TRY_ASSIGN(target, writable_file(to));
    Pipe* const source_pipe = pipe_of(*source);
    Pipe* const target_pipe = pipe_of(*target);
    if (source_pipe == nullptr || target_pipe == nullptr || source_pipe == target_pipe) {
        return Error{Errno::Einval};
    }
    const bool may_wait = !splice_bits::NonBlocking::test(flags);
    // Waiting for the one may undo the other.
    do {
        RF_TRY(wait_for_room(*target_pipe, may_wait));
        RF_TRY_ASSIGN(some, wait_for_bytes(*source_pipe, may_wait));
        if (!some) {
            return u64{0};
        }
    } while (target_pipe->buffer.room() == 0);
    const auto bytes = source_pipe->buffer.front();
    const Value copied =
        target_pipe->buffer.put(IoSource(bytes.first(std::min<u64>(count, bytes.size()))));
    target_pipe->read_queue.wake_all();
    return copied;
}

/// The pages are copied, as Linux may do too.
Value vmsplice(i32 descriptor, Pointer vectors, u64 count, u32 flags) {
    if ((flags & ~splice_bits::known) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    if (pipe_of(*file) == nullptr) {
        return Error{Errno::Ebadf};
    }
    return file->flags().writable() ? writev(descriptor, vectors, count)
                                    : readv(descriptor, vectors, count);
}

}  // namespace ringfence::kernel::syscalls
