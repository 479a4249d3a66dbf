// SPDX-License-Identifier: MIT
// RLIMIT_CPU: a signal at the soft limit and at each second after it, the end at the hard one.
// [linux/abi]: getrlimit(2)
#pragma once

namespace ringfence::kernel {

class Process;

/// Begins to watch `process`, whose limit is new.
void watch_cpu_limit(Process& process);
/// It has used as much as it was watched for.
void enforce_cpu_limit(Process& process);

}  // namespace ringfence::kernel
