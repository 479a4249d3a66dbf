// SPDX-License-Identifier: MIT
// Tracing for long runs: a child is stopped, looked into, stepped, and ended in one way or another.
#pragma once

namespace endurance {

/// `variant` chooses how it ends; any number.
void trace_a_child(unsigned variant);

}  // namespace endurance
