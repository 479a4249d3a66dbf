// SPDX-License-Identifier: MIT
// Reads and writes of several buffers at once.
#include <algorithm>

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct iovec`.
struct UserVector {
    u64 base;
    u64 size;
};
constexpr u64 most_vectors = 1024;  // UIO_MAXIOV

Fallible<Vector<UserVector>> read_vectors(Pointer vectors, u64 count) {
    if (count > most_vectors) {
        return Error{Errno::Einval};
    }
    Vector<UserVector> list;
    list.resize(count);
    RF_TRY(
        read_user_bytes(vectors, {reinterpret_cast<u8*>(list.data()), count * sizeof(UserVector)}));
    u64 total = 0;
    for (UserVector& vector : list) {
        if (static_cast<i64>(vector.size) < 0) {
            return Error{Errno::Einval};
        }
        vector.size = std::min(vector.size, most_transfer - total);
        total += vector.size;
    }
    return list;
}

/// Moves the vectors one after the other by `move`, until one comes out short.
template <typename Move>
Value move_vectors(const Vector<UserVector>& list, Move move) {
    u64 total = 0;
    for (const UserVector& vector : list) {
        if (vector.size == 0) {
            continue;
        }
        const Value moved = move(Pointer{vector.base}, vector.size, total);
        if (!moved) {
            return total > 0 ? Value(total) : moved;
        }
        total += moved.value();
        if (moved.value() < vector.size) {
            break;
        }
    }
    return total;
}

Fallible<u64> checked_offset(const OpenFile& file, i64 offset) {
    if (offset < 0) {
        return Error{Errno::Einval};
    }
    if (!file.seekable()) {
        return Error{Errno::Espipe};
    }
    return static_cast<u64>(offset);
}

}  // namespace

Value readv(i32 descriptor, Pointer vectors, u64 count) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    return move_vectors(list, [&](Pointer base, u64 size, u64 done) -> Value {
        // A stream gives what it has: only the first vector may wait.
        if (done > 0 && !file->seekable() && (file->ready() & poll_bits::In::mask) == 0) {
            return u64{0};
        }
        return read_at_position(*file, {base, size});
    });
}

Value writev(i32 descriptor, Pointer vectors, u64 count) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    return move_vectors(
        list, [&](Pointer base, u64 size, u64) { return write_at_position(*file, {base, size}); });
}

Value preadv(i32 descriptor, Pointer vectors, u64 count, i64 offset) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    RF_TRY_ASSIGN(start, checked_offset(*file, offset));
    return move_vectors(list, [&](Pointer base, u64 size, u64 done) {
        return file->read({base, size}, start + done);
    });
}

Value pwritev(i32 descriptor, Pointer vectors, u64 count, i64 offset) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    RF_TRY_ASSIGN(start, checked_offset(*file, offset));
    return move_vectors(list, [&](Pointer base, u64 size, u64 done) {
        return file->write({base, size}, start + done);
    });
}

}  // namespace ringfence::kernel::syscalls
