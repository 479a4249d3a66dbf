// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/posix_queue_file.h"

#include <algorithm>

#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

Fallible<u64> PosixQueueFile::read(const IoDestination& to, u64 offset) {
    RF_TRY_ASSIGN(text, queue_->status_text());
    const std::string_view rest = drop(text, offset);
    const u64 size = std::min<u64>(to.size(), rest.size());
    return transferred(to.put_part(0, as_bytes(take(rest, size))), size);
}

u32 PosixQueueFile::ready() const {
    using namespace poll_bits;
    return (queue_->has_message() ? In::mask | ReadNormal::mask : 0) |
           (queue_->has_room() ? Out::mask | WriteNormal::mask : 0);
}

ReadinessQueues PosixQueueFile::queues() {
    return {.reading = &queue_->message_came(), .writing = &queue_->message_went()};
}

void PosixQueueFile::descriptor_closed() {
    queue_->forget_notification(current_process());
}

}  // namespace ringfence::kernel
