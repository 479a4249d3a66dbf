// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>

#include "kernel/core/fs/open_file.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

u64 file_pages = 0;

namespace {

class OpenTmpfsFile final : public OpenFile {
public:
    OpenTmpfsFile(Ref<TmpfsFile> file, OpenFlags flags)
        : OpenFile(file, flags), file_(std::move(file)) {}
    Fallible<u64> read(const IoDestination& to, u64 offset) override {
        return file_->read(to, offset);
    }
    Fallible<u64> write(const IoSource& from, u64 offset) override {
        return file_->write(from, offset);
    }

private:
    Ref<TmpfsFile> file_;
};

/// A byte range cut at page boundaries.
struct Piece {
    u64 page;
    u64 in_page;
    u64 count;
};
Piece piece_at(u64 offset, u64 left) {
    const u64 in_page = offset % frame_size;
    return {offset / frame_size, in_page, std::min(left, frame_size - in_page)};
}

}  // namespace

u64 TmpfsFile::storage() const {
    const u64 initial_pages = align_up(initial_.size(), frame_size) / frame_size;
    return std::max(map_.page_count(), initial_pages) * frame_size;
}

std::span<const u8> TmpfsFile::initial_bytes(u64 index) const {
    const u64 start = index * frame_size;
    if (start >= initial_.size()) {
        return {};
    }
    return {initial_.data() + start, std::min<u64>(frame_size, initial_.size() - start)};
}

Fallible<PhysicalAddress> TmpfsFile::present_page(u64 index) {
    if (const PhysicalAddress* frame = map_.find(index)) {
        return *frame;
    }
    const std::span<const u8> bytes = initial_bytes(index);
    const bool at_limit = file_pages >= frames().total_frames() / file_memory_divisor;
    if (at_limit && bytes.empty()) {
        return Error{Errno::Enospc};
    }
    RF_TRY_ASSIGN(frame, allocate_program_frame(FrameUse::File));
    u8* page = frame_bytes(frame);
    std::memcpy(page, bytes.data(), bytes.size());
    std::memset(page + bytes.size(), 0, frame_size - bytes.size());
    map_.insert(index, frame);
    return frame;
}

Fallible<PhysicalAddress> TmpfsFile::page(u64 index) {
    if (index >= align_up(size_, frame_size) / frame_size) {
        return Error{Errno::Enxio};
    }
    RF_TRY_ASSIGN(frame, present_page(index));
    frames().add_reference(frame);
    return frame;
}

u64 TmpfsFile::read_piece(const IoDestination& to, u64 done, u64 offset, u64 count) {
    const Piece piece = piece_at(offset, count);
    if (const PhysicalAddress* frame = map_.find(piece.page)) {
        // Copying out may fault and run other code on this file: hold the frame meanwhile.
        const PhysicalAddress held = *frame;
        frames().add_reference(held);
        const u64 copied = to.put_part(done, {frame_bytes(held) + piece.in_page, piece.count});
        frames().release(held);
        return copied;
    }
    const std::span<const u8> initial = initial_bytes(piece.page);
    const u64 from_initial =
        piece.in_page < initial.size() ? std::min(piece.count, initial.size() - piece.in_page) : 0;
    if (from_initial > 0) {
        const u64 copied = to.put_part(done, {initial.data() + piece.in_page, from_initial});
        if (copied < from_initial) {
            return copied;
        }
    }
    return from_initial + to.put_zeroes_part(done + from_initial, piece.count - from_initial);
}

Fallible<u64> TmpfsFile::read(const IoDestination& to, u64 offset) {
    u64 done = 0;
    while (done < to.size() && offset + done < size_) {
        const u64 left = std::min(to.size() - done, size_ - offset - done);
        const u64 count = piece_at(offset + done, left).count;
        const u64 copied = read_piece(to, done, offset + done, count);
        done += copied;
        if (copied < count) {
            return transferred(done, count);
        }
    }
    metadata().accessed = file_time_now();
    return done;
}

Fallible<u64> TmpfsFile::write(const IoSource& from, u64 offset) {
    if (from.size() == 0) {
        return u64{0};
    }
    if (offset >= largest_size) {
        return Error{Errno::Efbig};
    }
    const u64 total = std::min(from.size(), largest_size - offset);
    u64 done = 0;
    while (done < total) {
        const Piece piece = piece_at(offset + done, total - done);
        const auto allowed = seals_.check_write(size_, offset + done + piece.count);
        if (!allowed) {
            return done > 0 ? Fallible<u64>(done) : Error{allowed.error()};
        }
        const auto frame = present_page(piece.page);
        if (!frame) {
            return done > 0 ? Fallible<u64>(done) : Error{Errno::Enospc};
        }
        frames().add_reference(frame.value());
        const u64 copied =
            from.get_part(done, {frame_bytes(frame.value()) + piece.in_page, piece.count});
        frames().release(frame.value());
        done += copied;
        size_ = copied > 0 ? std::max(size_, offset + done) : size_;
        if (copied < piece.count) {
            return transferred(done, piece.count);
        }
    }
    metadata().modified = metadata().changed = file_time_now();
    return done;
}

void TmpfsFile::clear_tail(u64 size) {
    const u64 in_page = size % frame_size;
    const PhysicalAddress* frame = map_.find(size / frame_size);
    if (in_page != 0 && frame != nullptr) {
        std::memset(frame_bytes(*frame) + in_page, 0, frame_size - in_page);
    }
}

Fallible<void> TmpfsFile::resize(u64 size) {
    if (size > largest_size) {
        return Error{Errno::Efbig};
    }
    RF_TRY(seals_.check_size(size_, size));
    if (size < size_) {
        map_.release_from(align_up(size, frame_size) / frame_size);
        initial_ = {initial_.data(), std::min<usize>(initial_.size(), size)};
        clear_tail(size);
    }
    size_ = size;
    metadata().modified = metadata().changed = file_time_now();
    return {};
}

Fallible<Ref<OpenFile>> TmpfsFile::open(const OpenFlags& flags) {
    return Ref<OpenFile>(new OpenTmpfsFile(this, flags));
}

Ref<TmpfsFile> make_unnamed_file(u64 size) {
    Metadata metadata = new_metadata({.permissions = 0600}, tmpfs_device);
    metadata.links = 0;
    Ref<TmpfsFile> file = make_ref<TmpfsFile>(metadata);
    // Growing an empty file takes no memory, and the size of a mapping is below the limit.
    RF_ASSERT(file->resize(size).ok());
    return file;
}

}  // namespace ringfence::kernel
