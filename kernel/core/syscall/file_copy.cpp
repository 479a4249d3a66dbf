// SPDX-License-Identifier: MIT
// Copying between files inside the kernel.
#include <algorithm>

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u64 piece_size = 2048;  // on the kernel stack

/// One side of a copy: the file's own position, or one that the program keeps.
class Side {
public:
    static Fallible<Side> make(OpenFile& file, Pointer offset) {
        Side side(file, offset);
        if (offset == Pointer{}) {
            side.at_ = file.position;
            return side;
        }
        if (!file.seekable()) {
            return Error{Errno::Espipe};
        }
        RF_TRY_ASSIGN(at, read_user<i64>(offset));
        if (at < 0) {
            return Error{Errno::Einval};
        }
        side.at_ = static_cast<u64>(at);
        return side;
    }
    Fallible<u64> read(std::span<u8> to) { return read_at(*file_, IoDestination(to), at_); }
    Fallible<u64> write(std::span<const u8> from) { return write_at(*file_, IoSource(from), at_); }
    void advance(u64 count) { at_ += count; }
    Fallible<void> finish() {
        if (offset_ != Pointer{}) {
            return write_user(offset_, at_);
        }
        if (file_->seekable()) {
            file_->position = at_;
        }
        return {};
    }

private:
    Side(OpenFile& file, Pointer offset) : file_(&file), offset_(offset) {}
    OpenFile* file_;
    Pointer offset_;
    u64 at_ = 0;
};

Fallible<u64> write_all(Side& to, std::span<const u8> bytes) {
    u64 done = 0;
    while (done < bytes.size()) {
        const auto written = to.write({bytes.data() + done, bytes.size() - done});
        if (!written || written.value() == 0) {
            return done > 0 || written ? Fallible<u64>(done) : written;
        }
        to.advance(written.value());
        done += written.value();
    }
    return done;
}

Value copy(Side& from, Side& to, u64 count) {
    u64 done = 0;
    u8 bytes[piece_size];
    while (done < count) {
        const auto got = from.read({bytes, std::min(piece_size, count - done)});
        if (!got) {
            return done > 0 ? Value(done) : got;
        }
        if (got.value() == 0) {
            break;
        }
        const auto put = write_all(to, {bytes, got.value()});
        if (!put) {
            return done > 0 ? Value(done) : put;
        }
        from.advance(put.value());
        done += put.value();
        if (put.value() < got.value()) {
            break;
        }
    }
    return done;
}

}  // namespace

Value sendfile(i32 to, i32 from, Pointer offset, u64 count) {
    RF_TRY_ASSIGN(source, readable_file(from));
    RF_TRY_ASSIGN(target, writable_file(to));
    if (source->inode().type() != FileType::Regular) {
        return Error{Errno::Einval};  // what Linux says of a source that has no pages
    }
    RF_TRY_ASSIGN(reading, Side::make(*source, offset));
    RF_TRY_ASSIGN(writing, Side::make(*target, Pointer{}));
    const Value copied = copy(reading, writing, std::min(count, most_transfer));
    RF_TRY(reading.finish());
    RF_TRY(writing.finish());
    return copied;
}

Value copy_file_range(i32 from, Pointer from_offset, i32 to, Pointer to_offset, u64 count,
                      u32 flags) {
    RF_TRY_ASSIGN(source, readable_file(from));
    RF_TRY_ASSIGN(target, writable_file(to));
    if (flags != 0 || source->inode().type() != FileType::Regular ||
        target->inode().type() != FileType::Regular) {
        return Error{Errno::Einval};
    }
    if (target->flags().append()) {
        return Error{Errno::Ebadf};
    }
    RF_TRY_ASSIGN(reading, Side::make(*source, from_offset));
    RF_TRY_ASSIGN(writing, Side::make(*target, to_offset));
    const Value copied = copy(reading, writing, std::min(count, most_transfer));
    if (!copied || copied.value() == 0) {
        return copied;
    }
    RF_TRY(reading.finish());
    RF_TRY(writing.finish());
    return copied;
}

}  // namespace ringfence::kernel::syscalls
