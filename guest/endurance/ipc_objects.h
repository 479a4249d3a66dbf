// SPDX-License-Identifier: MIT
// System V IPC and POSIX message queues: what processes do with them, and the end of what they
// leave behind.
#pragma once

#include "guest/endurance/activities.h"

namespace endurance {

/// A child and its parent add to one number in shared memory in turns, by semaphores.
[[nodiscard]] Outcome share_by_ipc(Random& random);
/// A child sends messages of several types; its parent chooses among them.
[[nodiscard]] Outcome talk_by_messages(Random& random);
/// Children end while they hold semaphores, attached segments and wait for messages.
[[nodiscard]] Outcome abandon_ipc(Random& random);

/// A child sends to a POSIX queue; its parent receives by priority, and is told when there is one.
[[nodiscard]] Outcome talk_by_posix_queue(Random& random);

/// The names of POSIX queues that programs here may give, as the kernel has them.
inline constexpr const char* queue_names[] = {"q1", "q2", "q3", "q4"};

/// Removes all segments, sets and queues of everybody. Takes no memory.
void remove_ipc_objects();

}  // namespace endurance
