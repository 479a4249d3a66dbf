// SPDX-License-Identifier: MIT
#include "lab/machine/stop_request.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/types.h"
#include "lab/error.h"

namespace ringfence::lab::machine {

StopRequest::StopRequest() : descriptor_(eventfd(0, EFD_CLOEXEC)) {
    if (descriptor_ < 0) {
        fail(Failure::Own, "eventfd: {}", std::strerror(errno));
    }
}

StopRequest::~StopRequest() {
    close(descriptor_);
}

void StopRequest::request(StopReason reason) {
    StopReason none = StopReason::None;
    if (!reason_.compare_exchange_strong(none, reason)) {
        return;
    }
    flag_.store(true);
    const u64 one = 1;
    // An eventfd that was never written to cannot be full.
    [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
}

}  // namespace ringfence::lab::machine
