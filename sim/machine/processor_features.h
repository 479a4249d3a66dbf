// SPDX-License-Identifier: MIT
// What the parts of a machine must know of the processor that it has.
#pragma once

#include <optional>

#include "sim/devices/local_apic.h"
#include "sim/mmu/mmu.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::machine {

/// Nothing: it has no local APIC.
[[nodiscard]] std::optional<devices::ApicFeatures> apic_features(const presets::CpuModel& model);
[[nodiscard]] mmu::PagingFeatures paging_features(const presets::CpuModel& model);
/// A transaction holds what it writes in the first-level data cache.
[[nodiscard]] mmu::WriteSetShape write_set_shape(const presets::CpuModel& model);

}  // namespace ringfence::sim::machine
