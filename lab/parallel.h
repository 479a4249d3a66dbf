// SPDX-License-Identifier: MIT
// Independent runs, several at a time.
#pragma once

#include <functional>

#include "base/types.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab {

/// Calls job(0) to job(count - 1), on at most `threads` threads, until all have returned or `stop`
/// is requested. The first exception stops the others (StopReason::AnotherFailed) and is thrown
/// again here. The order of the calls is not specified: jobs write to places of their own.
void run_parallel(usize count, usize threads, machine::StopRequest& stop,
                  const std::function<void(usize)>& job);

}  // namespace ringfence::lab
