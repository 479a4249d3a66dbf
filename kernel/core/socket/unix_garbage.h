// SPDX-License-Identifier: MIT
// Sockets that only messages hold, each waiting in another's queue in a circle: nobody can ever
// receive them, and no count of references gets to zero.
#pragma once

namespace ringfence::kernel {

/// Empties the queues of all sockets that no program can reach, which lets go of them. Follows the
/// end of each socket; but the sockets of a circle come to no end by themselves.
void collect_unix_garbage();
/// The same, before files are sent, once twice as many are on their way as were left last time.
void collect_unix_garbage_if_much();

}  // namespace ringfence::kernel
