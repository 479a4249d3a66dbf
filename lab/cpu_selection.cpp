// SPDX-License-Identifier: MIT
#include "lab/cpu_selection.h"

#include <CLI/CLI.hpp>

#include "lab/error.h"
#include "lab/nearest_name.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/what_if.h"

namespace ringfence::lab {

namespace {

using sim::presets::CpuModel;
using sim::presets::Override;

CpuModel built_in_preset(const std::string& name) {
    auto found = sim::presets::find_preset(name);
    if (found.ok()) {
        return std::move(found).value();
    }
    std::vector<std::string> names;
    for (const std::string_view preset : sim::presets::preset_names()) {
        names.emplace_back(preset);
    }
    fail(Failure::Usage, "--cpu {}: expected one of {}{}", name, fmt::join(names, ", "),
         did_you_mean(name, names));
}

CpuModel from_file(const std::string& path) {
    auto loaded = sim::presets::load_preset(path);
    if (!loaded.ok()) {
        fail(Failure::Usage, "--cpu-file {}", loaded.error());
    }
    return std::move(loaded).value();
}

Override parse_override(const std::string& typed) {
    const auto equals = typed.find('=');
    if (equals == std::string::npos) {
        fail(Failure::Usage, "--what-if {}: expected KEY=VALUE, such as root-write=0", typed);
    }
    return {.key = typed.substr(0, equals), .value = typed.substr(equals + 1)};
}

CpuModel with_overrides(const CpuModel& model, const std::vector<Override>& overrides) {
    auto changed = sim::presets::with_overrides(model, overrides);
    if (!changed.ok()) {
        const auto& error = changed.error();
        fail(Failure::Usage, "--what-if on {}: {}{}", model.name(), error.message,
             did_you_mean(error.unknown_key, error.known));
    }
    return std::move(changed).value();
}

}  // namespace

void add_cpu_file_options(CLI::App& app, CpuOptions& options) {
    app.add_option("--cpu-file", options.files, "a processor from a preset file")
        ->allow_extra_args(false)
        ->option_text("FILE");
    app.add_option("--what-if", options.what_if,
                   "replace figures: root-write=0, tlb=infinite, pcid=off, nested=4k, 2m or 1g (a "
                   "hypervisor's tables below the guest's), or any of 'ringfence cpus NAME'")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("KEY=VALUE,..");
}

void add_cpu_options(CLI::App& app, CpuOptions& options, CpuCount count) {
    CLI::Option* const names =
        count == CpuCount::One
            ? app.add_option("--cpu", options.names, "the processor (default skylake-sp)")
            : app.add_option("--cpu", options.names,
                             "processors, separated by commas (default skylake-sp)");
    names->delimiter(',')->allow_extra_args(false)->option_text(count == CpuCount::One ? "CPU"
                                                                                       : "CPU,..");
    add_cpu_file_options(app, options);
}

void CpuSelection::add(CpuModel model) {
    const std::string name = model.name();
    if (!models_.emplace(name, std::move(model)).second) {
        fail(Failure::Usage, "two processors are called '{}'", name);
    }
    names_.push_back(name);
}

CpuModel CpuSelection::model(const std::string& name) const {
    const auto found = models_.find(name);
    return found == models_.end() ? built_in_preset(name) : found->second;
}

CpuSelection select_cpus(const CpuOptions& options, const CpuModel* otherwise) {
    std::vector<Override> overrides;
    for (const std::string& typed : options.what_if) {
        overrides.push_back(parse_override(typed));
    }
    CpuSelection selection;
    selection.what_if_ = options.what_if;
    selection.built_in_ = options.what_if.empty() && options.files.empty();
    const auto add = [&](const CpuModel& model) {
        selection.add(overrides.empty() ? model : with_overrides(model, overrides));
    };
    for (const std::string& name : options.names) {
        add(built_in_preset(name));
    }
    for (const std::string& path : options.files) {
        add(from_file(path));
    }
    if (selection.names_.empty()) {
        add(otherwise != nullptr ? *otherwise
                                 : built_in_preset(std::string{sim::presets::default_preset}));
    }
    return selection;
}

CpuSelection select_cpu(const CpuOptions& options, const std::string& verb,
                        const CpuModel* otherwise) {
    if (options.names.size() + options.files.size() > 1) {
        fail(Failure::Usage, "{} takes one processor", verb);
    }
    return select_cpus(options, otherwise);
}

}  // namespace ringfence::lab
