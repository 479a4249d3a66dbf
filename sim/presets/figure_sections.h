// SPDX-License-Identifier: MIT
// The sections of a preset file that hold figures.
#pragma once

#include "sim/presets/figures.h"
#include "sim/presets/preset_reader.h"

namespace ringfence::sim::presets {

/// Reads every figure that has a rule, and [published] and [sources], and checks them. Problems are
/// noted in the reader. Keys without a rule in the sections of figures are problems; [identity] and
/// what is outside of sections are others' business.
Figures read_figures(PresetReader& reader, const toml::table& root);

}  // namespace ringfence::sim::presets
