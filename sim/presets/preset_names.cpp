// SPDX-License-Identifier: MIT
#include <algorithm>

#include "sim/presets/embedded_presets.h"
#include "sim/presets/preset_file.h"

namespace ringfence::sim::presets {

std::vector<std::string_view> preset_names() {
    std::vector<std::string_view> names;
    for (const EmbeddedPreset& preset : embedded_presets()) {
        names.push_back(preset.name);
    }
    return names;
}

std::string_view preset_text(std::string_view name) {
    const auto& presets = embedded_presets();
    const auto found = std::ranges::find(presets, name, &EmbeddedPreset::name);
    return found == presets.end() ? std::string_view{} : found->text;
}

Result<CpuModel, std::string> find_preset(std::string_view name) {
    const std::string_view text = preset_text(name);
    if (text.empty()) {
        std::string message = "unknown CPU '" + std::string{name} + "'; there are";
        for (const std::string_view known : preset_names()) {
            message += ' ';
            message += known;
        }
        return Error{std::move(message)};
    }
    return parse_preset(text, std::string{name} + ".toml");
}

}  // namespace ringfence::sim::presets
