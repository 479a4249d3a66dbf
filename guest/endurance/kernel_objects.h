// SPDX-License-Identifier: MIT
// Activities with what the kernel keeps for programs beside files, memory and connections.
#pragma once

#include "guest/endurance/activities.h"

namespace endurance {

/// A child is signalled and waited for by its pidfd, and a file of its own taken from it.
[[nodiscard]] Outcome hold_by_pidfd(Random& random);
/// Timers by the CPU time of the process and of its thread.
[[nodiscard]] Outcome set_cpu_timers(Random& random);
/// Memory that is handed to a child and cannot be changed any more.
[[nodiscard]] Outcome share_sealed_memory(Random& random);

}  // namespace endurance
