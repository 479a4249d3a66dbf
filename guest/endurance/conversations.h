// SPDX-License-Identifier: MIT
// Activities in which bytes go from one process to another.
#pragma once

#include "guest/endurance/activities.h"

namespace endurance {

Outcome talk_by_pipe(Random& random);
Outcome talk_by_unix(Random& random);
Outcome talk_by_tcp(Random& random);
Outcome talk_by_udp(Random& random);
/// Open files in messages, some of them never received.
Outcome pass_descriptors(Random& random);
/// Two processes add to one number, each while it has the lock.
Outcome take_turns_by_lock(Random& random);
Outcome wait_by_epoll(Random& random);
/// Connections in all states that end because their owner does.
Outcome abandon_sockets(Random& random);

}  // namespace endurance
