// SPDX-License-Identifier: MIT
// The preset files as text inside the program; the definition is generated when building.
#pragma once

#include <string_view>
#include <vector>

namespace ringfence::sim::presets {

struct EmbeddedPreset {
    std::string_view name;
    std::string_view text;
};

/// Sorted by name.
const std::vector<EmbeddedPreset>& embedded_presets();

}  // namespace ringfence::sim::presets
