// SPDX-License-Identifier: MIT
// POSIX message queues. [linux/abi]: mq_overview(7), and mq_open(3) on what the C library does
#include <memory>

#include "kernel/core/ipc/posix_queue_file.h"
#include "kernel/core/socket/socket_file.h"
#include "kernel/core/syscall/signal_event.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct mq_attr`.
struct QueueAttributes {
    i64 flags;
    i64 most_messages;
    i64 message_size;
    i64 messages;
    i64 reserved[4];
};
static_assert(sizeof(QueueAttributes) == 64);

/// As the C library passes it, without the slash that it begins with.
Fallible<String> read_queue_name(Pointer from) {
    constexpr usize longest_name = 255;
    RF_TRY_ASSIGN(name, read_user_path(from));
    if (name.empty()) {
        return Error{Errno::Enoent};
    }
    const std::string_view text = name;
    if (text == "." || text == ".." || text.find('/') != std::string_view::npos) {
        return Error{Errno::Eacces};
    }
    if (text.size() > longest_name) {
        return Error{Errno::Enametoolong};
    }
    return name;
}

Nothing check_open(const PosixQueue& queue, const OpenFlags& flags) {
    constexpr u32 no_mode = 3;
    if (flags.create() && flags.exclusive()) {
        return Error{Errno::Eexist};
    }
    if (open_bits::AccessMode::get(flags.word) == no_mode) {
        return Error{Errno::Einval};
    }
    const Access read = flags.readable() ? Access::Read : Access::None;
    return check_access(queue, read | (flags.writable() ? Access::Write : Access::None));
}

Fallible<Ref<PosixQueue>> make_queue(std::string_view name, u32 mode, const PosixQueueSize& size) {
    const Process& process = current_process();
    const u32 permissions = mode_bits::Permissions::get(mode) & ~process.place->file_mode_mask;
    RF_TRY_ASSIGN(queue, PosixQueue::create(size, permissions, process.credentials,
                                            process.limit(Resource::MessageQueues)));
    name_posix_queue(name, queue);
    return queue;
}

Value open_queue(PosixQueue& queue, std::string_view name, const OpenFlags& flags) {
    constexpr u32 of_opening =
        open_bits::Create::mask | open_bits::Exclusive::mask | open_bits::CloseOnExec::mask;
    RF_TRY(admit_allocation());
    RF_TRY_ASSIGN(file, queue.open(OpenFlags{flags.word & ~of_opening}));
    file->set_path(String("/").append(name));
    return new_descriptor(file, true);
}

Fallible<Ref<OpenFile>> queue_file(i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    return file_cast<PosixQueueFile>(*file) != nullptr ? Fallible<Ref<OpenFile>>(file)
                                                       : Error{Errno::Ebadf};
}

PosixQueue& queue_of(const OpenFile& file) {
    return static_cast<const PosixQueueFile&>(file).queue();
}

/// A moment by the wall clock, which nobody sets; null: never.
Fallible<u64> read_deadline(Pointer time) {
    if (time == Pointer{}) {
        return never;
    }
    RF_TRY_ASSIGN(given, read_user<TimeSpec>(time));
    if (!is_valid(given)) {
        return Error{Errno::Einval};
    }
    const u64 wanted = to_nanoseconds(given);
    const u64 now = realtime_now();
    return deadline_after(monotonic_now(), wanted > now ? wanted - now : 0);
}

Fallible<std::unique_ptr<PosixMessage>> read_message(Pointer text, u64 size, u32 priority) {
    RF_TRY(admit_allocation(1 + size / frame_size));
    std::unique_ptr<PosixMessage> message(new PosixMessage);
    message->priority = priority;
    if (!message->text.try_reserve(size)) {
        return Error{Errno::Enomem};
    }
    message->text.resize(size);
    RF_TRY(read_user_bytes(text, {message->text.data(), size}));
    return message;
}

/// SIGEV_THREAD: the C library waits on a netlink socket, which it names in place of a signal.
/// Such a socket gets answers to its own requests only.
Error<Errno> refuse_thread(const SignalEvent& event) {
    constexpr usize cookie_size = 32;
    u8 cookie[cookie_size];
    if (!read_user_bytes(Pointer{event.value}, cookie)) {
        return Error{Errno::Efault};
    }
    const auto file = file_of(event.number);
    if (!file) {
        return Error{file.error()};
    }
    return Error{socket_behind(*file.value()) != nullptr ? Errno::Einval : Errno::Enotsock};
}

Fallible<QueueNotification> notification_of(const SignalEvent& event) {
    QueueNotification wanted{.owner = Ref<Process>(&current_process())};
    switch (event.how) {
        case SignalEvent::None:
            return wanted;
        case SignalEvent::Signal:
            if (static_cast<u32>(event.number) > signal_count) {
                return Error{Errno::Einval};
            }
            wanted.signal = static_cast<u32>(event.number);
            wanted.value = event.value;
            return wanted;
        case SignalEvent::Thread:
            return refuse_thread(event);
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace

Value mq_open(Pointer name, u32 flags, u32 mode, Pointer attributes) {
    PosixQueueSize size;
    if (attributes != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<QueueAttributes>(attributes));
        size = {.messages = given.most_messages, .message_size = given.message_size};
    }
    RF_TRY_ASSIGN(text, read_queue_name(name));
    const OpenFlags wanted{flags};
    if (PosixQueue* const existing = find_posix_queue(text)) {
        RF_TRY(check_open(*existing, wanted));
        return open_queue(*existing, text, wanted);
    }
    if (!wanted.create()) {
        return Error{Errno::Enoent};
    }
    RF_TRY_ASSIGN(made, make_queue(text, mode, size));
    const auto opened = open_queue(*made, text, wanted);
    if (!opened) {
        unname_posix_queue(text);
    }
    return opened;
}

Nothing mq_unlink(Pointer name) {
    RF_TRY_ASSIGN(text, read_queue_name(name));
    const PosixQueue* const queue = find_posix_queue(text);
    if (queue == nullptr) {
        return Error{Errno::Enoent};
    }
    // Their directory is sticky. [linux/abi]: unlink(2), EPERM
    const Credentials& who = current_process().credentials;
    if (!who.may(Capability::Fowner) && who.user.effective != queue->metadata().owner) {
        return Error{Errno::Eperm};
    }
    unname_posix_queue(text);
    return {};
}

Nothing mq_timedsend(i32 descriptor, Pointer text, u64 size, u32 priority, Pointer time) {
    RF_TRY_ASSIGN(deadline, read_deadline(time));
    if (priority >= posix_queue_limits::priorities) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, queue_file(descriptor));
    if (!file->flags().writable()) {
        return Error{Errno::Ebadf};
    }
    PosixQueue& queue = queue_of(*file);
    if (size > static_cast<u64>(queue.capacity().message_size)) {
        return Error{Errno::Emsgsize};
    }
    RF_TRY_ASSIGN(message, read_message(text, size, priority));
    RF_TRY(queue.send(*message, file->may_block(), deadline));
    static_cast<void>(message.release());  // the queue's, or the receiver's
    return {};
}

Value mq_timedreceive(i32 descriptor, Pointer buffer, u64 size, Pointer priority, Pointer time) {
    RF_TRY_ASSIGN(deadline, read_deadline(time));
    RF_TRY_ASSIGN(file, queue_file(descriptor));
    if (!file->flags().readable()) {
        return Error{Errno::Ebadf};
    }
    PosixQueue& queue = queue_of(*file);
    if (size < static_cast<u64>(queue.capacity().message_size)) {
        return Error{Errno::Emsgsize};
    }
    RF_TRY_ASSIGN(taken, queue.receive(file->may_block(), deadline));
    const std::unique_ptr<PosixMessage> message(taken);
    RF_TRY(write_user_if_wanted(priority, message->priority));
    RF_TRY(write_user_bytes(buffer, {message->text.data(), message->text.size()}));
    return u64{message->text.size()};
}

Nothing mq_notify(i32 descriptor, Pointer event) {
    QueueNotification wanted;
    if (event != Pointer{}) {
        RF_TRY_ASSIGN(given, read_user<SignalEvent>(event));
        RF_TRY_ASSIGN(checked, notification_of(given));
        wanted = checked;
    }
    RF_TRY_ASSIGN(file, queue_file(descriptor));
    if (event == Pointer{}) {
        queue_of(*file).forget_notification(current_process());
        return {};
    }
    return queue_of(*file).set_notification(wanted);
}

Nothing mq_getsetattr(i32 descriptor, Pointer wanted, Pointer old) {
    QueueAttributes given{};
    if (wanted != Pointer{}) {
        RF_TRY_ASSIGN(read, read_user<QueueAttributes>(wanted));
        given = read;
    }
    if ((given.flags & ~i64{open_bits::NonBlocking::mask}) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(file, queue_file(descriptor));
    const PosixQueue& queue = queue_of(*file);
    const u32 word = file->flags().word;
    const QueueAttributes before{.flags = word & open_bits::NonBlocking::mask,
                                 .most_messages = queue.capacity().messages,
                                 .message_size = queue.capacity().message_size,
                                 .messages = queue.message_count(),
                                 .reserved = {}};
    if (wanted != Pointer{}) {
        file->set_status_flags((word & ~open_bits::NonBlocking::mask) |
                               static_cast<u32>(given.flags));
    }
    return write_user_if_wanted(old, before);
}

}  // namespace ringfence::kernel::syscalls
