// SPDX-License-Identifier: MIT
// Copying between files inside the kernel.
#include <algorithm>

#include "kernel/core/syscall/copy_side.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u64 piece_size = 2048;  // on the kernel stack

Fallible<u64> write_all(CopySide& to, std::span<const u8> bytes) {
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

Value copy(CopySide& from, CopySide& to, u64 count) {
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
    RF_TRY_ASSIGN(reading, CopySide::make(*source, offset));
    RF_TRY_ASSIGN(writing, CopySide::make(*target, Pointer{}));
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
    RF_TRY_ASSIGN(reading, CopySide::make(*source, from_offset));
    RF_TRY_ASSIGN(writing, CopySide::make(*target, to_offset));
    const Value copied = copy(reading, writing, std::min(count, most_transfer));
    if (!copied || copied.value() == 0) {
        return copied;
    }
    RF_TRY(reading.finish());
    RF_TRY(writing.finish());
    return copied;
}

}  // namespace ringfence::kernel::syscalls
