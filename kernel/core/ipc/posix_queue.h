// SPDX-License-Identifier: MIT
// A POSIX message queue: messages of several priorities, for which threads wait on both sides.
// [linux/abi]: mq_overview(7)
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/process/credentials.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

class Process;
class Thread;

/// [linux/abi]: include/linux/ipc_namespace.h, include/uapi/linux/mqueue.h
namespace posix_queue_limits {
inline constexpr usize most_queues = 256;
inline constexpr u32 priorities = 32768;
// Of one queue: messages, and bytes in each.
inline constexpr u64 usual_messages = 10;
inline constexpr u64 usual_size = 8192;
inline constexpr u64 most_messages = 10;
inline constexpr u64 largest_size = 8192;
// The same for the privileged user.
inline constexpr u64 most_privileged_messages = 65536;
inline constexpr u64 largest_privileged_size = u64{16} << 20U;
}  // namespace posix_queue_limits

struct PosixMessage : public Counted<PosixMessage> {
    u32 priority = 0;
    Vector<u8> text;
    ListHook<PosixMessage> hook{this};

    ~PosixMessage() { hook.unlink(); }
};

/// How much a queue may hold.
struct PosixQueueSize {
    i64 messages = posix_queue_limits::usual_messages;
    i64 message_size = posix_queue_limits::usual_size;  ///< bytes, of the longest one
};

/// A thread that waits for a message; who sends one hands it over.
struct PosixReceiver {
    Thread& thread;
    bool finished = false;
    PosixMessage* outcome = nullptr;
    ListHook<PosixReceiver> hook{this};
};
/// A thread that waits for room; who makes some puts the message in.
struct PosixSender {
    PosixMessage& message;
    Thread& thread;
    bool finished = false;
    Fallible<void> outcome{};
    ListHook<PosixSender> hook{this};
};

/// Who is told of a message that comes to an empty queue. Once: then it has to be asked for again.
struct QueueNotification {
    Ref<Process> owner;  ///< null: nobody
    u32 signal = 0;      ///< 0: nobody is told, but nobody else can ask either
    u64 value = 0;       ///< si_value
};

/// A file without a file system. It lives while it has a name or is open.
class PosixQueue final : public Inode, public Counted<PosixQueue> {
public:
    /// Enospc if there are too many, Einval for a size that `creator` may not have, Emfile if the
    /// user's queues may not hold so much (`byte_limit`, for all of them); Enomem.
    static Fallible<Ref<PosixQueue>> create(const PosixQueueSize& size, u32 permissions,
                                            const Credentials& creator, u64 byte_limit);
    ~PosixQueue() override;

    [[nodiscard]] u64 size() const override;
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;

    /// Puts `message`, which is not longer than messages may be, behind those of its priority, or
    /// gives it to a thread that waits for one; the caller's if that fails. Eagain, or waits for
    /// room: Etimedout at `deadline`, RestartIfFlagged.
    Fallible<void> send(PosixMessage& message, bool may_wait, u64 deadline);
    /// Takes out the oldest message of the highest priority, the caller's then. As send.
    Fallible<PosixMessage*> receive(bool may_wait, u64 deadline);

    /// Ebusy if somebody else is to be told.
    Fallible<void> set_notification(const QueueNotification& wanted);
    /// If `process` is the one to be told.
    void forget_notification(const Process& process);

    [[nodiscard]] const PosixQueueSize& capacity() const { return capacity_; }
    [[nodiscard]] i64 message_count() const { return count_; }
    [[nodiscard]] bool has_message() const { return count_ > 0; }
    [[nodiscard]] bool has_room() const { return count_ < capacity_.messages; }
    [[nodiscard]] WaitQueue& message_came() { return message_came_; }
    [[nodiscard]] WaitQueue& message_went() { return message_went_; }
    /// What read(2) shows of it.
    [[nodiscard]] Fallible<String> status_text() const;

private:
    PosixQueue(const PosixQueueSize& capacity, u32 permissions, const Credentials& creator);
    void insert(PosixMessage& message);
    void notify();

    PosixQueueSize capacity_;
    u32 charged_user_;
    i64 count_ = 0;
    u64 bytes_ = 0;
    IntrusiveList<PosixMessage, &PosixMessage::hook> messages_;  ///< as they are to be received
    QueueNotification notification_;
    // Those who sleep until they have a message, or have got rid of one; and those who only look.
    IntrusiveList<PosixReceiver, &PosixReceiver::hook> receivers_;
    IntrusiveList<PosixSender, &PosixSender::hook> senders_;
    WaitQueue message_came_;
    WaitQueue message_went_;
    ListHook<PosixQueue> all_hook_{this};

public:
    using All = IntrusiveList<PosixQueue, &PosixQueue::all_hook_>;
};

/// The queue called `name`, or null.
[[nodiscard]] PosixQueue* find_posix_queue(std::string_view name);
/// Gives a queue a name that no other one has.
void name_posix_queue(std::string_view name, Ref<PosixQueue> queue);
/// Takes the name away. There is one.
void unname_posix_queue(std::string_view name);

}  // namespace ringfence::kernel
