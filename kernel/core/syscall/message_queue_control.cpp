// SPDX-License-Identifier: MIT
// Looking at System V message queues and changing them. [linux/abi]: msgctl(2)
#include "kernel/core/ipc/message_queue.h"
#include "kernel/core/syscall/ipc_support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Beside ipc_commands.
namespace queue_commands {
constexpr i32 status_of_place = 11;
constexpr i32 usage = 12;
constexpr i32 status_of_any_place = 13;
}  // namespace queue_commands

/// `struct msqid64_ds`.
struct QueueImage {
    IpcPermissionImage permissions;
    i64 send_time;
    i64 receive_time;
    i64 change_time;
    u64 bytes;
    u64 messages;
    u64 most_bytes;
    u32 last_sender;
    u32 last_receiver;
    u64 unused[2];
};
static_assert(sizeof(QueueImage) == 120);

/// `struct msginfo`. The first two fields and the seventh mean something else in what MSG_INFO
/// says; but for the limits they are what Linux says without using it.
struct LimitsImage {
    i32 pool_or_queues = message_limits::most_queues * message_limits::queue_bytes / kib;
    i32 map_or_messages = message_limits::queue_bytes;
    i32 largest_message = message_limits::largest_message;
    i32 queue_bytes = message_limits::queue_bytes;
    i32 most_queues = message_limits::most_queues;
    i32 segment_size = 16;
    i32 headers_or_bytes = message_limits::queue_bytes;
    u16 segments = low_mask<u16>(16);
    u16 padding = 0;
};
static_assert(sizeof(LimitsImage) == 32);

Value write_status(i32 id, Pointer buffer, IpcLookup how) {
    RF_TRY_ASSIGN(queue, status_subject(message_queues(), id, how));
    const QueueImage image{.permissions = queue->image(),
                           .send_time = queue->send_time(),
                           .receive_time = queue->receive_time(),
                           .change_time = queue->change_time(),
                           .bytes = queue->bytes(),
                           .messages = queue->message_count(),
                           .most_bytes = queue->most_bytes(),
                           .last_sender = queue->last_sender(),
                           .last_receiver = queue->last_receiver(),
                           .unused = {}};
    RF_TRY(write_user(buffer, image));
    return status_result(*queue, how);
}

Value write_limits(Pointer buffer) {
    RF_TRY(write_user(buffer, LimitsImage{}));
    return u64{message_queues().highest_index()};
}

Value write_usage(Pointer buffer) {
    LimitsImage usage;
    usage.pool_or_queues = static_cast<i32>(message_queues().count());
    usage.map_or_messages = 0;
    usage.headers_or_bytes = 0;
    message_queues().for_each([&usage](const MessageQueue& queue) {
        usage.map_or_messages += static_cast<i32>(queue.message_count());
        usage.headers_or_bytes += static_cast<i32>(queue.bytes());
    });
    RF_TRY(write_user(buffer, usage));
    return u64{message_queues().highest_index()};
}

Value change_queue(i32 id, Pointer buffer) {
    RF_TRY_ASSIGN(wanted, read_user<QueueImage>(buffer));
    RF_TRY_ASSIGN(queue, controlled_object(message_queues(), id));
    RF_TRY(queue->change(wanted.permissions, wanted.most_bytes, current_process().credentials));
    return u64{0};
}

Value remove_queue(i32 id) {
    RF_TRY_ASSIGN(queue, controlled_object(message_queues(), id));
    queue->remove();
    return u64{0};
}

}  // namespace

Value msgctl(i32 id, i32 command, Pointer buffer) {
    if (id < 0 || command < 0) {
        return Error{Errno::Einval};
    }
    switch (command) {
        case ipc_commands::information:
            return write_limits(buffer);
        case queue_commands::usage:
            return write_usage(buffer);
        case ipc_commands::status:
            return write_status(id, buffer, IpcLookup::Number);
        case queue_commands::status_of_place:
            return write_status(id, buffer, IpcLookup::Place);
        case queue_commands::status_of_any_place:
            return write_status(id, buffer, IpcLookup::AnyPlace);
        case ipc_commands::set:
            return change_queue(id, buffer);
        case ipc_commands::remove:
            return remove_queue(id);
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace ringfence::kernel::syscalls
