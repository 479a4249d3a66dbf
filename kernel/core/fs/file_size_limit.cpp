// SPDX-License-Identifier: MIT
#include "kernel/core/fs/file_size_limit.h"

#include <algorithm>

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

namespace {

u64 limit() {
    return current_process().limits.at(Resource::FileSize).soft;
}

Error<Errno> refuse() {
    send_signal_to_current(signals::file_size_limit);
    return Error{Errno::Efbig};
}

}  // namespace

Fallible<u64> within_file_size_limit(u64 offset, u64 size) {
    if (offset >= limit()) {
        return refuse();
    }
    return std::min(size, limit() - offset);
}

Fallible<void> check_file_growth(u64 size) {
    if (size > limit()) {
        return refuse();
    }
    return {};
}

}  // namespace ringfence::kernel
