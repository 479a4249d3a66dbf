// SPDX-License-Identifier: MIT
#include "sim/timing/core.h"

namespace ringfence::sim::timing {

template class BasicCore<MemoryPort>;

}  // namespace ringfence::sim::timing
