// SPDX-License-Identifier: MIT
#pragma once

#include "base/types.h"

namespace ringfence::sim::timing {

/// Core cycles since the machine was made.
using Cycle = u64;

/// Later than anything that happens. Far enough from the end of the range that latencies may be
/// added to it.
inline constexpr Cycle never = Cycle{1} << 60;

}  // namespace ringfence::sim::timing
