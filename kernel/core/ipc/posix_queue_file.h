// SPDX-License-Identifier: MIT
// An open POSIX message queue.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/ipc/posix_queue.h"

namespace ringfence::kernel {

/// Readable while there is a message, writable while there is room for one. What is read is a text
/// about the queue.
class PosixQueueFile final : public OpenFile {
public:
    static constexpr FileKind file_kind{"mqueue"};

    PosixQueueFile(Ref<PosixQueue> queue, OpenFlags flags)
        : OpenFile(queue, flags), queue_(std::move(queue)) {}

    [[nodiscard]] PosixQueue& queue() const { return *queue_; }

    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override;
    [[nodiscard]] bool can_be_polled() const override { return true; }
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }
    /// A process that closes the queue is told of messages no more.
    void descriptor_closed() override;

private:
    Ref<PosixQueue> queue_;
};

}  // namespace ringfence::kernel
