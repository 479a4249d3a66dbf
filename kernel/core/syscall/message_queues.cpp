// SPDX-License-Identifier: MIT
// System V message queues. [linux/abi]: msgget(2), msgop(2)
#include <algorithm>
#include <limits>
#include <memory>

#include "kernel/core/ipc/message_queue.h"
#include "kernel/core/syscall/ipc_support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Of msgrcv, beside ipc_bits.
namespace message_flags {
using Cut = Flag<12, u32>;     ///< MSG_NOERROR
using Except = Flag<13, u32>;  ///< MSG_EXCEPT
using Copy = Flag<14, u32>;    ///< MSG_COPY
}  // namespace message_flags

/// `struct msgbuf` begins with the type.
constexpr u64 text_offset = sizeof(i64);

/// A message of a program, not yet in a queue.
Fallible<std::unique_ptr<QueuedMessage>> read_message(i64 type, Pointer text, u64 size) {
    RF_TRY(admit_allocation(1 + size / frame_size));
    std::unique_ptr<QueuedMessage> message(new QueuedMessage);
    message->type = type;
    if (!message->text.try_reserve(size)) {
        return Error{Errno::Enomem};
    }
    message->text.resize(size);
    RF_TRY(read_user_bytes(text, {message->text.data(), size}));
    return message;
}

/// The number of bytes of text.
Value write_message(Pointer buffer, const QueuedMessage& message, u64 room) {
    const u64 size = std::min<u64>(room, message.text.size());
    RF_TRY(write_user(buffer, message.type));
    RF_TRY(write_user_bytes(buffer + text_offset, {message.text.data(), size}));
    return size;
}

MessageChoice choice_of(i64 type, u32 flags) {
    using Kind = MessageChoice::Kind;
    if (message_flags::Copy::test(flags)) {
        return {Kind::Place, type};
    }
    if (type == 0) {
        return {Kind::Any, 0};
    }
    if (type < 0) {
        const bool has_opposite = type != std::numeric_limits<i64>::min();
        return {Kind::Lowest, has_opposite ? -type : std::numeric_limits<i64>::max()};
    }
    return {message_flags::Except::test(flags) ? Kind::NotEqual : Kind::Equal, type};
}

/// MSG_COPY: the message stays where it is. Whoever asks for that has its buffer looked at first,
/// as Linux does.
Value copy_message(i32 id, Pointer buffer, const MessageRequest& request) {
    const u64 room = std::min(request.room, message_limits::largest_message);
    RF_TRY(read_message(0, buffer, room));
    RF_TRY_ASSIGN(queue, message_queues().find(id));
    RF_TRY(queue->check_access(current_process().credentials, ipc_access::read));
    const QueuedMessage* const found = queue->look(request.choice);
    if (found == nullptr) {
        return Error{Errno::Enomsg};
    }
    if (found->text.size() > room) {
        return Error{request.may_cut ? Errno::Einval : Errno::E2big};
    }
    return write_message(buffer, *found, request.room);
}

}  // namespace

Value msgget(i32 key, u32 flags) {
    const auto fits = [](const MessageQueue&) { return Nothing{}; };
    return find_or_make(message_queues(), key, flags, fits, [&] {
        return MessageQueue::create(key, flags, current_process().credentials);
    });
}

Nothing msgsnd(i32 id, Pointer buffer, u64 size, u32 flags) {
    RF_TRY_ASSIGN(type, read_user<i64>(buffer));
    if (size > message_limits::largest_message || id < 0 || type < 1) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(message, read_message(type, buffer + text_offset, size));
    RF_TRY_ASSIGN(queue, message_queues().find(id));
    RF_TRY(queue->send(*message, !ipc_bits::NoWait::test(flags)));
    static_cast<void>(message.release());  // the queue's, or the receiver's
    return {};
}

Value msgrcv(i32 id, Pointer buffer, u64 size, i64 type, u32 flags) {
    const bool waits = !ipc_bits::NoWait::test(flags);
    const MessageRequest request{.choice = choice_of(type, flags),
                                 .room = size,
                                 .may_cut = message_flags::Cut::test(flags),
                                 .may_wait = waits};
    if (id < 0 || static_cast<i64>(size) < 0) {
        return Error{Errno::Einval};
    }
    if (message_flags::Copy::test(flags)) {
        return waits || message_flags::Except::test(flags) ? Error{Errno::Einval}
                                                           : copy_message(id, buffer, request);
    }
    RF_TRY_ASSIGN(queue, message_queues().find(id));
    RF_TRY_ASSIGN(taken, queue->receive(request));
    const std::unique_ptr<QueuedMessage> message(taken);
    return write_message(buffer, *message, size);
}

}  // namespace ringfence::kernel::syscalls
