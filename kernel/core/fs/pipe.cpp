// SPDX-License-Identifier: MIT
#include "kernel/core/fs/pipe.h"

#include <algorithm>

#include "kernel/core/fs/control_requests.h"
#include "kernel/core/fs/fifo.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/memory/heap.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {
constexpr DeviceNumber pipe_device{0, 13};
}

PipeBuffer::~PipeBuffer() {
    heap_release(storage_);
}

Fallible<u64> PipeBuffer::take(const IoDestination& to) {
    u64 done = 0;
    while (done < to.size() && used_ > 0) {
        const u64 piece = std::min({to.size() - done, used_, pipe_capacity - start_});
        const auto copied = to.put(done, {storage_ + start_, piece});
        if (!copied) {
            return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
        }
        start_ = (start_ + piece) % pipe_capacity;
        used_ -= piece;
        done += piece;
    }
    return done;
}

Fallible<void> PipeBuffer::prepare() {
    if (storage_ == nullptr) {
        RF_TRY(admit_allocation(pipe_capacity / frame_size));
        storage_ = static_cast<u8*>(heap_allocate(pipe_capacity));
        if (storage_ == nullptr) {
            return Error{Errno::Enomem};
        }
    }
    return {};
}

Fallible<u64> PipeBuffer::put(const IoSource& from) {
    RF_TRY(prepare());
    u64 done = 0;
    while (done < from.size() && room() > 0) {
        const u64 end = (start_ + used_) % pipe_capacity;
        const u64 piece = std::min({from.size() - done, room(), pipe_capacity - end});
        const auto copied = from.get(done, {storage_ + end, piece});
        if (!copied) {
            return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
        }
        used_ += piece;
        done += piece;
    }
    return done;
}

std::span<const u8> PipeBuffer::front() const {
    return {storage_ + start_, std::min(used_, pipe_capacity - start_)};
}

void PipeBuffer::drop(u64 count) {
    start_ = (start_ + count) % pipe_capacity;
    used_ -= count;
}

void PipeBuffer::truncate(u64 count) {
    used_ = std::min(used_, count);
}

PipeFile::PipeFile(Ref<Inode> inode, OpenFlags flags, Ref<Pipe> pipe)
    : OpenFile(std::move(inode), flags), pipe_(std::move(pipe)) {
    if (flags.readable()) {
        ++pipe_->readers;
        ++pipe_->readers_ever;
        pipe_->write_queue.wake_all();
    }
    if (flags.writable()) {
        ++pipe_->writers;
        ++pipe_->writers_ever;
        pipe_->read_queue.wake_all();
    }
}

PipeFile::~PipeFile() {
    if (flags().readable() && --pipe_->readers == 0) {
        pipe_->write_queue.wake_all();
    }
    if (flags().writable() && --pipe_->writers == 0) {
        pipe_->read_queue.wake_all();
    }
}

Fallible<u64> PipeFile::read(const IoDestination& to, u64) {
    if (to.size() == 0) {
        return u64{0};
    }
    Pipe& pipe = *pipe_;
    while (pipe.buffer.used() == 0) {
        if (pipe.writers == 0) {
            return u64{0};
        }
        if (!may_block()) {
            return Error{Errno::Eagain};
        }
        RF_TRY(wait_until(pipe.read_queue,
                          [&] { return pipe.buffer.used() > 0 || pipe.writers == 0; }));
    }
    const auto taken = pipe.buffer.take(to);
    pipe.write_queue.wake_all();
    return taken;
}

Fallible<void> PipeFile::wait_for_room(u64 wanted) {
    Pipe& pipe = *pipe_;
    const auto settled = [&] { return pipe.readers == 0 || pipe.buffer.room() >= wanted; };
    if (!settled()) {
        if (!may_block()) {
            return Error{Errno::Eagain};
        }
        RF_TRY(wait_until(pipe.write_queue, settled));
    }
    if (pipe.readers == 0) {
        send_signal_to_current(signals::pipe);
        return Error{Errno::Epipe};
    }
    return {};
}

Fallible<u64> PipeFile::write(const IoSource& from, u64) {
    Pipe& pipe = *pipe_;
    u64 done = 0;
    while (done < from.size()) {
        // A small write goes in whole; a large one in whatever pieces fit.
        const u64 left = from.size() - done;
        const auto room = wait_for_room(from.size() <= atomic_pipe_write ? left : 1);
        if (!room) {
            return done > 0 ? Fallible<u64>(done) : Error{room.error()};
        }
        const auto put = pipe.buffer.put(from.from(done));
        if (!put) {
            return done > 0 ? Fallible<u64>(done) : Error{put.error()};
        }
        done += put.value();
        pipe.read_queue.wake_all();
    }
    return done;
}

Fallible<u64> PipeFile::control(u32 request, u64 argument) {
    if (request != control_requests::bytes_readable) {
        return Error{Errno::Enotty};
    }
    RF_TRY(write_user(VirtualAddress{argument}, static_cast<i32>(pipe_->buffer.used())));
    return u64{0};
}

u32 PipeFile::ready() const {
    using namespace poll_bits;
    u32 events = 0;
    if (flags().readable()) {
        events |= pipe_->buffer.used() > 0 ? In::mask | ReadNormal::mask : 0;
        events |= pipe_->writers == 0 ? HangUp::mask : 0;
    }
    if (flags().writable()) {
        events |= pipe_->buffer.room() >= atomic_pipe_write ? Out::mask | WriteNormal::mask : 0;
        events |= pipe_->readers == 0 ? poll_bits::Error::mask : 0;
    }
    return events;
}

ReadinessQueues PipeFile::queues() {
    return {.reading = flags().readable() ? &pipe_->read_queue : nullptr,
            .writing = flags().writable() ? &pipe_->write_queue : nullptr};
}

Fallible<PipeEnds> make_pipe(OpenFlags flags) {
    RF_TRY(admit_allocation());
    Ref<FifoInode> inode = make_ref<FifoInode>(
        new_metadata({.type = FileType::Fifo, .permissions = 0600}, pipe_device),
        FifoInode::Kind::Pipe);
    const Ref<Pipe> pipe(&inode->pipe());
    Ref<OpenFile> reader(new PipeFile(inode, OpenFlags{flags.word | OpenFlags::read_only}, pipe));
    Ref<OpenFile> writer(new PipeFile(inode, OpenFlags{flags.word | OpenFlags::write_only}, pipe));
    for (const Ref<OpenFile>& end : {reader, writer}) {
        end->set_path(String("pipe:[").append_decimal(inode->metadata().number).append("]"));
    }
    return PipeEnds{std::move(reader), std::move(writer)};
}

Fallible<Ref<OpenFile>> FifoInode::open(const OpenFlags& flags) {
    RF_TRY(admit_allocation());
    Pipe& shared = *pipe_;
    const u64 readers_before = shared.readers_ever;
    const u64 writers_before = shared.writers_ever;
    const bool named = kind_ == Kind::Named;
    const bool wait = named && !flags.non_blocking();
    if (named && !wait && flags.writable() && !flags.readable() && shared.readers == 0) {
        return Error{Errno::Enxio};
    }
    Ref<OpenFile> opened(new PipeFile(this, flags, pipe_));
    if (wait && !flags.writable()) {
        RF_TRY(wait_until(shared.read_queue, [&] {
            return shared.writers > 0 || shared.writers_ever != writers_before;
        }));
    } else if (wait && !flags.readable()) {
        RF_TRY(wait_until(shared.write_queue, [&] {
            return shared.readers > 0 || shared.readers_ever != readers_before;
        }));
    }
    return opened;
}

}  // namespace ringfence::kernel
