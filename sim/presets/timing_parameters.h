// SPDX-License-Identifier: MIT
// From a CPU's figures to what the timing model runs on.
#pragma once

#include "sim/presets/cpu_model.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::presets {

/// The parameters of a CPU: nanoseconds become core cycles (rounded to the nearest), sizes become
/// sets. The CPU must have figures; it cannot fail, because
/// those of a CpuModel are complete and checked.
timing::Parameters timing_parameters(const CpuModel& cpu);

}  // namespace ringfence::sim::presets
