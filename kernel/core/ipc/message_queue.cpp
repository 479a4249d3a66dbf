// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/message_queue.h"

#include "kernel/core/ipc/ipc_waiter.h"
#include "kernel/core/process/process.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

const Credentials& caller() {
    return current_process().credentials;
}

}  // namespace

IpcRegistryOf<MessageQueue>& message_queues() {
    static IpcRegistryOf<MessageQueue> registry(message_limits::most_queues);
    return registry;
}

bool MessageChoice::accepts(i64 message_type) const {
    switch (kind) {
        case Kind::Any:
            return true;
        case Kind::Equal:
            return message_type == type;
        case Kind::NotEqual:
            return message_type != type;
        case Kind::Lowest:
            return message_type <= type;
        case Kind::Place:
            break;
    }
    return false;
}

MessageQueue::MessageQueue(i32 key, u32 flags, const Credentials& creator)
    : IpcObject(key, flags, creator), change_time_(ipc_time_now()) {}

MessageQueue::~MessageQueue() {
    message_queues().remove(*this);
}

Fallible<MessageQueue*> MessageQueue::create(i32 key, u32 flags, const Credentials& creator) {
    RF_TRY(admit_allocation());
    Ref<MessageQueue> queue(new MessageQueue(key, flags, creator));
    RF_TRY(message_queues().add(*queue));
    queue->itself_ = queue;
    return queue.get();
}

/// Messages without text count, too: no more of them than bytes.
bool MessageQueue::has_room(u64 size) const {
    return size + bytes_ <= most_bytes_ && 1 + count_ <= most_bytes_;
}

QueuedMessage* MessageQueue::find(const MessageChoice& choice) const {
    QueuedMessage* found = nullptr;
    i64 place = 0;
    for (QueuedMessage& message : messages_) {
        if (choice.kind == MessageChoice::Kind::Place) {
            if (place++ == choice.type) {
                return &message;
            }
        } else if (choice.accepts(message.type)) {
            if (choice.kind != MessageChoice::Kind::Lowest) {
                return &message;
            }
            found = found == nullptr || message.type < found->type ? &message : found;
        }
    }
    return found;
}

const QueuedMessage* MessageQueue::look(const MessageChoice& choice) const {
    return find(choice);
}

/// Gives `message` to the first thread that waits for one like it. Those for whom it is too long
/// hear of that and wait no longer.
bool MessageQueue::hand_over(QueuedMessage& message) {
    for (MessageReceiver& receiver : receivers_) {
        if (!receiver.request.choice.accepts(message.type)) {
            continue;
        }
        if (message.text.size() > receiver.request.room && !receiver.request.may_cut) {
            finish_wait(receiver, Error{Errno::E2big});
            continue;
        }
        last_receiver_ = receiver.thread.process().id();
        receive_time_ = ipc_time_now();
        finish_wait(receiver, &message);
        return true;
    }
    return false;
}

Fallible<void> MessageQueue::send(QueuedMessage& message, bool may_wait) {
    const Ref<MessageQueue> held(this);
    WaitQueue* const queues[] = {&senders_};
    for (;;) {
        // What was allowed before a sleep may have been forbidden meanwhile.
        RF_TRY(check_access(caller(), ipc_access::write));
        if (has_room(message.text.size())) {
            break;
        }
        if (!may_wait) {
            return Error{Errno::Eagain};
        }
        const WakeReason reason = sleep_on(queues);
        if (removed()) {
            return Error{Errno::Eidrm};
        }
        if (reason == WakeReason::Interrupted) {
            return Error{Errno::RestartIfNoHandler};
        }
    }
    last_sender_ = current_process().id();
    send_time_ = ipc_time_now();
    if (!hand_over(message)) {
        messages_.push_back(message);
        bytes_ += message.text.size();
        ++count_;
    }
    return {};
}

Fallible<QueuedMessage*> MessageQueue::take(const MessageRequest& request) {
    QueuedMessage* const found = find(request.choice);
    if (found == nullptr) {
        return found;
    }
    if (found->text.size() > request.room && !request.may_cut) {
        return Error{Errno::E2big};
    }
    found->hook.unlink();
    bytes_ -= found->text.size();
    --count_;
    receive_time_ = ipc_time_now();
    last_receiver_ = current_process().id();
    senders_.wake_all();
    return found;
}

/// Null if the queue has changed so that the caller has to look again.
Fallible<QueuedMessage*> MessageQueue::wait_for_message(const MessageRequest& request) {
    MessageReceiver self{.request = request, .thread = current_thread()};
    receivers_.push_back(self);
    return sleep_until_finished(self) == WakeReason::Woken ? self.outcome
                                                           : Error{Errno::RestartIfNoHandler};
}

Fallible<QueuedMessage*> MessageQueue::receive(const MessageRequest& request) {
    const Ref<MessageQueue> held(this);
    for (;;) {
        RF_TRY(check_access(caller(), ipc_access::read));
        RF_TRY_ASSIGN(taken, take(request));
        if (taken != nullptr) {
            return taken;
        }
        if (!request.may_wait) {
            return Error{Errno::Enomsg};
        }
        RF_TRY_ASSIGN(given, wait_for_message(request));
        if (given != nullptr) {
            return given;
        }
    }
}

Fallible<void> MessageQueue::change(const IpcPermissionImage& wanted, u64 most_bytes,
                                    const Credentials& who) {
    if (most_bytes > message_limits::queue_bytes && !who.may(Capability::SysResource)) {
        return Error{Errno::Eperm};
    }
    RF_TRY(change_owner(wanted));
    most_bytes_ = most_bytes;
    change_time_ = ipc_time_now();
    // There may be room now, and those who wait may not be allowed to any more.
    for (MessageReceiver& receiver : receivers_) {
        finish_wait(receiver, nullptr);
    }
    senders_.wake_all();
    return {};
}

void MessageQueue::remove() {
    for (MessageReceiver& receiver : receivers_) {
        finish_wait(receiver, Error{Errno::Eidrm});
    }
    while (QueuedMessage* const message = messages_.front()) {
        delete message;
    }
    message_queues().remove(*this);
    senders_.wake_all();
    itself_ = nullptr;  // perhaps the last reference: nothing may follow
}

}  // namespace ringfence::kernel
