// SPDX-License-Identifier: MIT
// The names under which preset files list CPUID features and capability bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "arch/x86/cpuid.h"

namespace ringfence::sim::presets {

/// The feature that the machine can show under this name; nothing if it knows none.
std::optional<arch::x86::CpuidFeature> feature_named(std::string_view name);

/// The opposite of feature_named; empty for a feature that it does not know.
std::string_view name_of(const arch::x86::CpuidFeature& feature);

/// The mask of an IA32_ARCH_CAPABILITIES bit.
std::optional<u64> capability_named(std::string_view name);

}  // namespace ringfence::sim::presets
