// SPDX-License-Identifier: MIT
// Waiting until one of several files is ready: the core of poll and select.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

/// One file and the events that are waited for.
struct ReadinessRequest {
    Ref<OpenFile> file;
    u32 wanted = 0;  ///< poll_bits; errors and hang-ups always count
    u32 found = 0;   ///< out
};

/// Fills in `found` and returns how many files are ready now.
u64 look_for_readiness(Vector<ReadinessRequest>& requests);
/// The same, waiting for the first one until
/// `deadline`. RestartIfNoHandler if a signal comes first; Enomem.
Fallible<u64> wait_for_readiness(Vector<ReadinessRequest>& requests, u64 deadline);

}  // namespace ringfence::kernel
