// SPDX-License-Identifier: MIT
#include "kernel/core/fs/open_file.h"

#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/file_signals.h"
#include "kernel/core/fs/file_size_limit.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
constexpr u32 of_opening = open_bits::NoTerminal::mask | open_bits::Asynchronous::mask;
}  // namespace

OpenFile::OpenFile(Ref<Inode> inode, OpenFlags flags)
    : inode_(std::move(inode)), flags_{flags.word & ~of_opening} {}

OpenFile::~OpenFile() = default;

Fallible<FileSignals*> OpenFile::make_signals() {
    if (!signals_) {
        RF_TRY(admit_allocation());
        signals_ = std::make_unique<FileSignals>(*this);
    }
    return signals_.get();
}

void OpenFile::mark_asynchronous(bool on) {
    using open_bits::Asynchronous;
    flags_.word = (flags_.word & ~Asynchronous::mask) | Asynchronous::make(on ? 1 : 0);
}

void OpenFile::set_status_flags(u32 word) {
    using namespace open_bits;
    constexpr u32 changeable = Append::mask | NonBlocking::mask | Direct::mask | NoAccessTime::mask;
    flags_.word = (flags_.word & ~changeable) | (word & changeable);
}

Fallible<void> OpenFile::keep_from_running() {
    RF_TRY(inode_->uses().begin_writing());
    keeps_from_running_ = true;
    return {};
}

Fallible<u64> OpenFile::read(const IoDestination&, u64) {
    return Error{inode_->is_directory() ? Errno::Eisdir : Errno::Einval};
}

Fallible<u64> OpenFile::write(const IoSource&, u64) {
    return Error{Errno::Einval};
}

Fallible<u64> OpenFile::seek(i64 offset, SeekFrom from) {
    if (!seekable()) {
        return Error{Errno::Espipe};
    }
    const i64 size = static_cast<i64>(inode_->size());
    i64 base = 0;
    switch (from) {
        case SeekFrom::Start:
            break;
        case SeekFrom::Current:
            base = static_cast<i64>(position);
            break;
        case SeekFrom::End:
            base = size;
            break;
        case SeekFrom::Data:
        case SeekFrom::Hole:
            // A file without known holes: all data up to the end.
            if (offset < 0 || offset >= size) {
                return Error{Errno::Enxio};
            }
            base = from == SeekFrom::Hole ? size - offset : 0;
            break;
    }
    i64 target = 0;
    if (__builtin_add_overflow(base, offset, &target)) {
        return Error{Errno::Eoverflow};
    }
    if (target < 0) {
        return Error{Errno::Einval};
    }
    position = static_cast<u64>(target);
    return position;
}

Fallible<u64> OpenFile::control(u32, u64) {
    return Error{Errno::Enotty};
}

u32 OpenFile::ready() const {
    using namespace poll_bits;
    return In::mask | Out::mask | ReadNormal::mask | WriteNormal::mask;
}

void OpenFile::describe(String&) const {}

bool OpenFile::can_be_polled() const {
    return inode_->type() != FileType::Regular && inode_->type() != FileType::Directory;
}

void OpenFile::dispose() const {
    signals_.reset();  // its own end is nobody's news
    while (FileWatcher* watcher = watchers_.pop_front()) {
        watcher->file_closed();
    }
    inode_->drop_locks(this);
    if (keeps_from_running_) {
        inode_->uses().end_writing();
    }
    if (!flags_.path_only()) {
        file_event(*inode_, flags_.writable() ? file_events::ClosedWritable::mask
                                              : file_events::ClosedReadOnly::mask);
    }
    RefCounted::dispose();
}

Fallible<u64> read_at(OpenFile& file, const IoDestination& to, u64 offset) {
    RF_TRY_ASSIGN(count, file.read(to, offset));
    if (count > 0) {
        file_event(file.inode(), file_events::Accessed::mask);
    }
    return count;
}

Fallible<u64> write_at(OpenFile& file, const IoSource& from, u64 offset) {
    u64 allowed = from.size();
    if (file.inode().type() == FileType::Regular && allowed > 0) {
        RF_TRY_ASSIGN(within_limit, within_file_size_limit(offset, allowed));
        allowed = within_limit;
    }
    RF_TRY_ASSIGN(count, file.write(from.first(allowed), offset));
    if (count > 0) {
        file_event(file.inode(), file_events::Modified::mask);
    }
    return count;
}

Fallible<u64> read_at_position(OpenFile& file, const IoDestination& to) {
    RF_TRY_ASSIGN(count, read_at(file, to, file.position));
    if (file.seekable()) {
        file.position += count;
    }
    return count;
}

Fallible<u64> write_at_position(OpenFile& file, const IoSource& from) {
    if (file.seekable() && file.flags().append()) {
        file.position = file.inode().size();
    }
    RF_TRY_ASSIGN(count, write_at(file, from, file.position));
    if (file.seekable()) {
        file.position += count;
    }
    return count;
}

}  // namespace ringfence::kernel
