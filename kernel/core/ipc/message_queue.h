// SPDX-License-Identifier: MIT
// A System V message queue. [linux/abi]: msgop(2), msgctl(2)
#pragma once

#include <span>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/ipc/ipc_registry.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

class Thread;

/// [linux/abi]: include/uapi/linux/msg.h
namespace message_limits {
inline constexpr usize most_queues = 32000;
inline constexpr u64 largest_message = 8192;
inline constexpr u64 queue_bytes = 16384;  ///< of a new queue, and what anybody may set
}  // namespace message_limits

struct QueuedMessage : public Counted<QueuedMessage> {
    i64 type = 0;
    Vector<u8> text;
    ListHook<QueuedMessage> hook{this};

    ~QueuedMessage() { hook.unlink(); }
};

/// Which message a program wants.
struct MessageChoice {
    enum class Kind : u8 {
        Any,
        Equal,     ///< of type `type`
        NotEqual,  ///< of any other
        Lowest,    ///< of the lowest type that is not above `type`
        Place,     ///< number `type` in the queue, from 0
    };
    Kind kind = Kind::Any;
    i64 type = 0;

    [[nodiscard]] bool accepts(i64 message_type) const;
};

/// What msgrcv asks for.
struct MessageRequest {
    MessageChoice choice;
    u64 room = 0;           ///< bytes of text
    bool may_cut = false;   ///< a longer message loses its end, instead of E2big
    bool may_wait = false;  ///< instead of Enomsg
};

/// A thread that waits for a message; who sends one hands it over.
struct MessageReceiver {
    const MessageRequest& request;
    Thread& thread;
    bool finished = false;
    Fallible<QueuedMessage*> outcome = nullptr;  ///< once it is finished; null: look again
    ListHook<MessageReceiver> hook{this};
};

/// Keeps itself until it is removed; threads that wait keep it longer.
class MessageQueue final : public RefCounted, public IpcObject, public Counted<MessageQueue> {
public:
    /// Enospc if there are too many; Enomem.
    static Fallible<MessageQueue*> create(i32 key, u32 flags, const Credentials& creator);
    ~MessageQueue() override;

    /// Puts `message` in, or gives it to a thread that waits for one like it; the caller's if that
    /// fails. Waits for room, or Eagain. RestartIfNoHandler, Eidrm, Eacces.
    Fallible<void> send(QueuedMessage& message, bool may_wait);
    /// Takes a message out, which is the caller's then. Enomsg, E2big, RestartIfNoHandler, Eidrm,
    /// Eacces.
    Fallible<QueuedMessage*> receive(const MessageRequest& request);
    /// The message that `choice` means, which stays; null if there is none.
    [[nodiscard]] const QueuedMessage* look(const MessageChoice& choice) const;

    /// IPC_SET. Eperm for more bytes than an unprivileged `who` may have.
    Fallible<void> change(const IpcPermissionImage& wanted, u64 most_bytes, const Credentials& who);
    /// Whoever waits gets Eidrm.
    void remove();

    [[nodiscard]] u64 bytes() const { return bytes_; }
    [[nodiscard]] u64 message_count() const { return count_; }
    [[nodiscard]] u64 most_bytes() const { return most_bytes_; }
    // Seconds since 1970; 0: never.
    [[nodiscard]] i64 send_time() const { return send_time_; }
    [[nodiscard]] i64 receive_time() const { return receive_time_; }
    [[nodiscard]] i64 change_time() const { return change_time_; }
    // Processes; 0: none yet.
    [[nodiscard]] u32 last_sender() const { return last_sender_; }
    [[nodiscard]] u32 last_receiver() const { return last_receiver_; }

private:
    MessageQueue(i32 key, u32 flags, const Credentials& creator);
    [[nodiscard]] bool removed() const { return !itself_; }
    [[nodiscard]] bool has_room(u64 size) const;
    [[nodiscard]] QueuedMessage* find(const MessageChoice& choice) const;
    /// Null if there is none. E2big.
    Fallible<QueuedMessage*> take(const MessageRequest& request);
    bool hand_over(QueuedMessage& message);
    Fallible<QueuedMessage*> wait_for_message(const MessageRequest& request);

    IntrusiveList<QueuedMessage, &QueuedMessage::hook> messages_;
    Ref<MessageQueue> itself_;  ///< until it is removed
    IntrusiveList<MessageReceiver, &MessageReceiver::hook> receivers_;
    WaitQueue senders_;  ///< woken when there is room, and when the queue is removed
    u64 bytes_ = 0;
    u64 count_ = 0;
    u64 most_bytes_ = message_limits::queue_bytes;
    i64 send_time_ = 0;
    i64 receive_time_ = 0;
    i64 change_time_;
    u32 last_sender_ = 0;
    u32 last_receiver_ = 0;
};

IpcRegistryOf<MessageQueue>& message_queues();

}  // namespace ringfence::kernel
