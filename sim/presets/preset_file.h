// SPDX-License-Identifier: MIT
// CPU presets: the built-in ones by name, and any other from a file of the same format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::presets {

inline constexpr std::string_view default_preset = "skylake-sp";

/// Names of the built-in presets, sorted.
std::vector<std::string_view> preset_names();

/// A built-in preset. The error names the ones that exist.
Result<CpuModel, std::string> find_preset(std::string_view name);

/// The TOML text of a built-in preset; empty if there is none of that name.
std::string_view preset_text(std::string_view name);

/// Reads a preset from TOML text. `file` is for messages only: every error is "FILE:LINE: what".
Result<CpuModel, std::string> parse_preset(std::string_view text, std::string_view file);

/// Reads a preset from a file on the host.
Result<CpuModel, std::string> load_preset(const std::string& path);

}  // namespace ringfence::sim::presets
