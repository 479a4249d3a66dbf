// SPDX-License-Identifier: MIT
// What the operations have in common.
#pragma once

#include <sys/types.h>

namespace microbenchmarks {

/// Ends the program with errno's text: what it would measure then is not what it says.
void require(bool condition, const char* what);

/// fork(2); the program ends if that fails.
pid_t fork_or_end();
/// Waits for a child, which must end with status 0.
void wait_for(pid_t child);

void send_byte(int descriptor);
void receive_byte(int descriptor);

}  // namespace microbenchmarks
