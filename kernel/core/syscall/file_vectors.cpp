// SPDX-License-Identifier: MIT
// Reads and writes of several buffers at once.
#include "kernel/core/syscall/user_vectors.h"

#include <algorithm>

#include "kernel/core/socket/socket_file.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

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

Value readv(i32 descriptor, Pointer vectors, u64 count) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    if (Socket* socket = socket_behind(*file); socket != nullptr) {
        const auto parts = parts_of<IoDestination>(list);
        IncomingMessage message{.bytes = DestinationList({parts.data(), parts.size()}),
                                .may_block = file->may_block()};
        return message.bytes.size() == 0 ? Value(u64{0}) : socket->receive(message);
    }
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
    if (Socket* socket = socket_behind(*file); socket != nullptr) {
        const auto parts = parts_of<IoSource>(list);
        OutgoingMessage message{.bytes = SourceList({parts.data(), parts.size()}),
                                .may_block = file->may_block()};
        return socket->send(message);
    }
    return move_vectors(
        list, [&](Pointer base, u64 size, u64) { return write_at_position(*file, {base, size}); });
}

Value preadv(i32 descriptor, Pointer vectors, u64 count, i64 offset) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    RF_TRY_ASSIGN(start, checked_offset(*file, offset));
    return move_vectors(list, [&](Pointer base, u64 size, u64 done) {
        return read_at(*file, {base, size}, start + done);
    });
}

Value pwritev(i32 descriptor, Pointer vectors, u64 count, i64 offset) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    RF_TRY_ASSIGN(list, read_vectors(vectors, count));
    RF_TRY_ASSIGN(start, checked_offset(*file, offset));
    return move_vectors(list, [&](Pointer base, u64 size, u64 done) {
        return write_at(*file, {base, size}, start + done);
    });
}

namespace {

/// RWF_*. Every request is as fast and as lasting as it can be here, so RWF_HIPRI, RWF_DSYNC and
/// RWF_SYNC ask for nothing more. [linux/abi]: preadv2(2)
namespace request_bits {
using NoWait = Flag<3, u32>;
using Append = Flag<4, u32>;
constexpr u32 all = low_mask<u32>(5);
}  // namespace request_bits

/// `wanted` is the poll bit that says that the file does not wait.
Nothing check_request(const OpenFile& file, u32 flags, u32 wanted) {
    if ((flags & ~request_bits::all) != 0) {
        return Error{Errno::Eopnotsupp};
    }
    if (request_bits::NoWait::test(flags) && !file.seekable() && (file.ready() & wanted) == 0) {
        return Error{Errno::Eagain};
    }
    return {};
}
constexpr i64 own_position = -1;

}  // namespace

// The whole offset is in the first word; where addresses have 32 bits the second has its upper
// half.

Value preadv2(i32 descriptor, Pointer vectors, u64 count, i64 offset, u64, u32 flags) {
    RF_TRY_ASSIGN(file, readable_file(descriptor));
    RF_TRY(check_request(*file, flags, poll_bits::In::mask));
    return offset == own_position ? readv(descriptor, vectors, count)
                                  : preadv(descriptor, vectors, count, offset);
}

Value pwritev2(i32 descriptor, Pointer vectors, u64 count, i64 offset, u64, u32 flags) {
    RF_TRY_ASSIGN(file, writable_file(descriptor));
    RF_TRY(check_request(*file, flags, poll_bits::Out::mask));
    if (request_bits::Append::test(flags) && file->seekable() && offset >= own_position) {
        const u64 end = file->inode().size();
        if (offset != own_position) {
            return pwritev(descriptor, vectors, count, static_cast<i64>(end));
        }
        file->position = end;
    }
    return offset == own_position ? writev(descriptor, vectors, count)
                                  : pwritev(descriptor, vectors, count, offset);
}

}  // namespace ringfence::kernel::syscalls
