// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/posix_queue.h"

#include <algorithm>

#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/ipc/ipc_waiter.h"
#include "kernel/core/ipc/posix_queue_file.h"
#include "kernel/core/process/process.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr DeviceNumber queue_device{0, 17};

PosixQueue::All& all_queues() {
    static PosixQueue::All list;
    return list;
}

/// What a full queue counts for in RLIMIT_MSGQUEUE: texts, and what Linux keeps beside each message
/// and each priority. [linux/abi]: getrlimit(2), RLIMIT_MSGQUEUE
u64 charge(const PosixQueueSize& size) {
    constexpr u64 bytes_beside = 48;  // of each of both
    const u64 messages = static_cast<u64>(size.messages);
    const u64 priorities = std::min<u64>(messages, posix_queue_limits::priorities);
    return messages * static_cast<u64>(size.message_size) + (messages + priorities) * bytes_beside;
}

bool is_allowed(const PosixQueueSize& size, bool privileged) {
    using namespace posix_queue_limits;
    const u64 messages = privileged ? most_privileged_messages : most_messages;
    const u64 bytes = privileged ? largest_privileged_size : largest_size;
    return size.messages > 0 && size.message_size > 0 &&
           static_cast<u64>(size.messages) <= messages &&
           static_cast<u64>(size.message_size) <= bytes;
}

}  // namespace

PosixQueue::PosixQueue(const PosixQueueSize& capacity, u32 permissions, const Credentials& creator)
    : Inode(new_metadata({.type = FileType::Regular,
                          .permissions = permissions,
                          .owner = creator.user.effective,
                          .group = creator.group.effective},
                         queue_device)),
      capacity_(capacity),
      charged_user_(creator.user.real) {
    all_queues().push_back(*this);
}

PosixQueue::~PosixQueue() {
    while (PosixMessage* const message = messages_.front()) {
        delete message;
    }
    all_hook_.unlink();
}

Fallible<Ref<PosixQueue>> PosixQueue::create(const PosixQueueSize& size, u32 permissions,
                                             const Credentials& creator, u64 byte_limit) {
    const bool privileged = creator.may(Capability::SysResource);
    if (Counted<PosixQueue>::live() >= posix_queue_limits::most_queues && !privileged) {
        return Error{Errno::Enospc};
    }
    if (!is_allowed(size, privileged)) {
        return Error{Errno::Einval};
    }
    u64 charged = charge(size);
    for (const PosixQueue& other : all_queues()) {
        charged += other.charged_user_ == creator.user.real ? charge(other.capacity_) : 0;
    }
    if (charged > byte_limit) {
        return Error{Errno::Emfile};
    }
    RF_TRY(admit_allocation());
    return Ref<PosixQueue>(new PosixQueue(size, permissions, creator));
}

u64 PosixQueue::size() const {
    constexpr u64 longest_status = 80;  // FILENT_SIZE
    return longest_status;
}

Fallible<Ref<OpenFile>> PosixQueue::open(const OpenFlags& flags) {
    return Ref<OpenFile>(new PosixQueueFile(Ref<PosixQueue>(this), flags));
}

void PosixQueue::insert(PosixMessage& message) {
    bytes_ += message.text.size();
    ++count_;
    for (PosixMessage& other : messages_) {
        if (other.priority < message.priority) {
            messages_.insert_before(other, message);
            return;
        }
    }
    messages_.push_back(message);
}

/// A message has come, and nobody waited for one.
void PosixQueue::notify() {
    message_came_.wake_all();
    if (count_ != 1 || !notification_.owner) {
        return;
    }
    const QueueNotification told = std::exchange(notification_, {});
    if (told.signal != 0) {
        const Process& sender = current_process();
        send_signal(*told.owner, {.number = told.signal,
                                  .code = signal_codes::message,
                                  .kind = SignalInformation::Kind::Raw,
                                  .sender = sender.id(),
                                  .sender_user = sender.credentials.user.real,
                                  .value = told.value});
    }
}

Fallible<void> PosixQueue::send(PosixMessage& message, bool may_wait, u64 deadline) {
    if (!has_room()) {
        if (!may_wait) {
            return Error{Errno::Eagain};
        }
        PosixSender self{.message = message, .thread = current_thread()};
        senders_.push_back(self);
        const WakeReason reason = sleep_until_finished(self, deadline);
        if (reason == WakeReason::Woken) {
            return {};
        }
        return Error{reason == WakeReason::TimedOut ? Errno::Etimedout : Errno::RestartIfFlagged};
    }
    if (PosixReceiver* const receiver = receivers_.front()) {
        finish_wait(*receiver, &message);
        return {};
    }
    insert(message);
    notify();
    return {};
}

Fallible<PosixMessage*> PosixQueue::receive(bool may_wait, u64 deadline) {
    if (!has_message()) {
        if (!may_wait) {
            return Error{Errno::Eagain};
        }
        PosixReceiver self{.thread = current_thread()};
        receivers_.push_back(self);
        const WakeReason reason = sleep_until_finished(self, deadline);
        if (reason == WakeReason::Woken) {
            return self.outcome;
        }
        return Error{reason == WakeReason::TimedOut ? Errno::Etimedout : Errno::RestartIfFlagged};
    }
    PosixMessage* const taken = messages_.pop_front();
    bytes_ -= taken->text.size();
    --count_;
    if (PosixSender* const sender = senders_.front()) {
        insert(sender->message);
        finish_wait(*sender, Fallible<void>{});
    } else {
        message_went_.wake_all();
    }
    return taken;
}

Fallible<void> PosixQueue::set_notification(const QueueNotification& wanted) {
    if (notification_.owner) {
        return Error{Errno::Ebusy};
    }
    notification_ = wanted;
    return {};
}

void PosixQueue::forget_notification(const Process& process) {
    if (notification_.owner == &process) {
        notification_ = {};
    }
}

Fallible<String> PosixQueue::status_text() const {
    // Columns of fixed width, each padded on the right.
    String text;
    const auto append = [&](std::string_view name, u64 value, usize width, char end) {
        const usize start = text.append(name).size();
        text.append_decimal(value);
        while (text.size() < start + width) {
            text.append(' ');
        }
        text.append(end);
    };
    constexpr usize size_width = 10;
    constexpr usize number_width = 5;
    constexpr usize process_width = 6;
    constexpr u64 by_nothing = 1;  // SIGEV_NONE
    const bool silent = notification_.owner && notification_.signal == 0;
    append("QSIZE:", bytes_, size_width, ' ');
    append("NOTIFY:", silent ? by_nothing : 0, number_width, ' ');
    append("SIGNO:", notification_.signal, number_width, ' ');
    append("NOTIFY_PID:", notification_.owner ? notification_.owner->id() : 0, process_width, '\n');
    return text;
}

}  // namespace ringfence::kernel
