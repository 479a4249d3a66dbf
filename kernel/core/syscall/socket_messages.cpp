// SPDX-License-Identifier: MIT
// Sending and receiving on sockets.
#include <algorithm>
#include <cstddef>

#include "kernel/core/syscall/socket_control.h"
#include "kernel/core/syscall/socket_support.h"
#include "kernel/core/syscall/user_vectors.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct msghdr`.
struct MessageHeader {
    u64 name;
    i32 name_size;
    i32 padding;
    u64 vectors;
    u64 vector_count;
    u64 control;
    u64 control_size;
    u32 flags;
    u32 padding_2;
};
static_assert(sizeof(MessageHeader) == 56);

/// `struct mmsghdr`.
struct CountedHeader {
    MessageHeader header;
    u32 moved;
    u32 padding;
};
static_assert(sizeof(CountedHeader) == 64);

Fallible<MessageHeader> read_header(Pointer from) {
    RF_TRY_ASSIGN(header, read_user<MessageHeader>(from));
    if (header.name_size < 0) {
        return Error{Errno::Einval};
    }
    if (header.vector_count > most_vectors) {
        return Error{Errno::Emsgsize};
    }
    return header;
}

Value send_one(const OpenSocket& socket, Pointer user_header, MessageFlags flags) {
    RF_TRY_ASSIGN(header, read_header(user_header));
    RF_TRY_ASSIGN(vectors, read_vectors(Pointer{header.vectors}, header.vector_count));
    const auto parts = parts_of<IoSource>(vectors);
    OutgoingMessage message{.bytes = SourceList({parts.data(), parts.size()}),
                            .flags = flags,
                            .may_block = socket.may_block(flags)};
    SocketAddress to;
    if (header.name != 0 && header.name_size != 0) {
        const i32 most = static_cast<i32>(SocketAddress::most_bytes);
        RF_TRY_ASSIGN(address,
                      read_address(Pointer{header.name}, std::min(header.name_size, most)));
        to = address;
        message.to = &to;
    }
    if (header.control_size != 0) {
        RF_TRY(read_control(Pointer{header.control}, header.control_size, message));
    }
    return socket->send(message);
}

/// Tells the program what came beside the bytes.
Nothing finish_receive(Pointer user_header, const MessageHeader& header, IncomingMessage& message) {
    if (header.name != 0) {
        RF_TRY(write_address(message.from, Pointer{header.name},
                             user_header + offsetof(MessageHeader, name_size)));
    }
    RF_TRY_ASSIGN(control_used,
                  write_control(Pointer{header.control}, header.control_size, message));
    RF_TRY(write_user(user_header + offsetof(MessageHeader, control_size), control_used));
    const u32 flags = message.found_flags | (message.flags.word & message_bits::CloseOnExec::mask);
    return write_user(user_header + offsetof(MessageHeader, flags), flags);
}

Value receive_one(const OpenSocket& socket, Pointer user_header, MessageFlags flags) {
    RF_TRY_ASSIGN(header, read_header(user_header));
    RF_TRY_ASSIGN(vectors, read_vectors(Pointer{header.vectors}, header.vector_count));
    const auto parts = parts_of<IoDestination>(vectors);
    IncomingMessage message{.bytes = DestinationList({parts.data(), parts.size()}),
                            .flags = flags,
                            .may_block = socket.may_block(flags)};
    RF_TRY_ASSIGN(count, socket->receive(message));
    RF_TRY(finish_receive(user_header, header, message));
    return count;
}

/// Moves up to `count` messages by `move`, and notes for each how long it was. An error counts only
/// if it comes first.
template <typename Move>
Value move_several(Pointer headers, u32 count, Move move) {
    u64 done = 0;
    for (; done < std::min<u64>(count, most_vectors); ++done) {
        const Pointer at = headers + done * sizeof(CountedHeader);
        Value moved = move(at, done);
        if (moved) {
            const Nothing told =
                write_user(at + offsetof(CountedHeader, moved), static_cast<u32>(moved.value()));
            moved = told ? moved : Value(Error{told.error()});
        }
        if (!moved) {
            return done > 0 ? Value(done) : moved;
        }
    }
    return done;
}

}  // namespace

Value sendto(i32 descriptor, Pointer buffer, u64 size, u32 flags, Pointer address,
             i32 address_size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    const IoSource part(buffer, std::min(size, most_transfer));
    OutgoingMessage message{
        .bytes = SourceList({&part, 1}), .flags = {flags}, .may_block = socket.may_block({flags})};
    if (address == Pointer{}) {
        return socket->send(message);
    }
    RF_TRY_ASSIGN(to, read_address(address, address_size));
    message.to = &to;
    return socket->send(message);
}

Value recvfrom(i32 descriptor, Pointer buffer, u64 size, u32 flags, Pointer address,
               Pointer address_size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    const IoDestination part(buffer, std::min(size, most_transfer));
    IncomingMessage message{.bytes = DestinationList({&part, 1}),
                            .flags = {flags},
                            .may_block = socket.may_block({flags})};
    RF_TRY_ASSIGN(count, socket->receive(message));
    if (address != Pointer{}) {
        RF_TRY(write_address(message.from, address, address_size));
    }
    return count;
}

Value sendmsg(i32 descriptor, Pointer header, u32 flags) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    return send_one(socket, header, {flags});
}

Value recvmsg(i32 descriptor, Pointer header, u32 flags) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    return receive_one(socket, header, {flags});
}

Value sendmmsg(i32 descriptor, Pointer headers, u32 count, u32 flags) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    return move_several(headers, count,
                        [&](Pointer header, u64) { return send_one(socket, header, {flags}); });
}

Value recvmmsg(i32 descriptor, Pointer headers, u32 count, u32 flags, Pointer timeout) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    u64 deadline = never;
    if (timeout != Pointer{}) {
        RF_TRY_ASSIGN(time, read_user<TimeSpec>(timeout));
        if (!is_valid(time)) {
            return Error{Errno::Einval};
        }
        deadline = deadline_after(monotonic_now(), to_nanoseconds(time));
    }
    const Value received = move_several(headers, count, [&](Pointer header, u64 done) -> Value {
        if (done > 0 && monotonic_now() >= deadline) {
            return Error{Errno::Eagain};  // looked at between messages only, as Linux does
        }
        const bool wait = done == 0 || !message_bits::WaitForOne::test(flags);
        return receive_one(socket, header, {flags | (wait ? 0 : message_bits::DontWait::mask)});
    });
    if (received && timeout != Pointer{}) {
        const u64 now = monotonic_now();
        RF_TRY(write_user(timeout, to_timespec(deadline > now ? deadline - now : 0)));
    }
    return received;
}

}  // namespace ringfence::kernel::syscalls
