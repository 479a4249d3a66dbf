// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/readiness.h"

namespace ringfence::kernel {

namespace {

Fallible<Vector<WaitQueue*>> queues_of(const Vector<ReadinessRequest>& requests) {
    Vector<WaitQueue*> queues;
    if (!queues.try_reserve(2 * requests.size())) {
        return ringfence::Error{Errno::Enomem};
    }
    for (const ReadinessRequest& request : requests) {
        const ReadinessQueues of_file = request.file->queues();
        for (WaitQueue* queue : {of_file.reading, of_file.writing}) {
            if (queue != nullptr) {
                queues.push_back(queue);
            }
        }
    }
    return queues;
}

}  // namespace

u64 look_for_readiness(Vector<ReadinessRequest>& requests) {
    using namespace poll_bits;
    u64 count = 0;
    for (ReadinessRequest& request : requests) {
        const u32 counted = request.wanted | poll_bits::Error::mask | HangUp::mask;
        request.found = request.file->ready() & counted;
        count += request.found != 0 ? 1 : 0;
    }
    return count;
}

Fallible<u64> wait_for_readiness(Vector<ReadinessRequest>& requests, u64 deadline) {
    for (;;) {
        if (const u64 count = look_for_readiness(requests); count > 0) {
            return count;
        }
        RF_TRY_ASSIGN(queues, queues_of(requests));
        switch (sleep_on({queues.data(), queues.size()}, deadline)) {
            case WakeReason::Woken:
                break;
            case WakeReason::TimedOut:
                return look_for_readiness(requests);
            case WakeReason::Interrupted:
                return ringfence::Error{Errno::RestartIfNoHandler};
        }
    }
}

}  // namespace ringfence::kernel
