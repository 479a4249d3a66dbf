// SPDX-License-Identifier: MIT
// Which processors a verb works on: built-in presets by name, presets from files, and figures that
// are replaced in all of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/cli_names.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::lab {

/// As typed.
struct CpuOptions {
    std::vector<std::string> names{};    ///< --cpu; the default preset if no processor is named
    std::vector<std::string> files{};    ///< --cpu-file
    std::vector<std::string> what_if{};  ///< --what-if: KEY=VALUE
};

enum class CpuCount { One, Several };

/// Declares --cpu, --cpu-file and --what-if.
void add_cpu_options(CLI::App& app, CpuOptions& options, CpuCount count);
/// Declares the last two alone, for a verb that takes names otherwise.
void add_cpu_file_options(CLI::App& app, CpuOptions& options);

/// The processors of a command, by the names that its reports use: a preset's own.
class CpuSelection {
public:
    /// No processor is chosen, but all built-in presets can be asked for.
    CpuSelection() = default;

    /// In the order in which they were named, those from files last.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// A chosen processor, with the overrides, or any built-in preset. Throws Failure::Usage with
    /// the name that may have been meant.
    [[nodiscard]] sim::presets::CpuModel model(const std::string& name) const;
    /// Whether all are built-in presets as they are.
    [[nodiscard]] bool built_in() const { return built_in_; }
    /// "KEY=VALUE" as typed, in order.
    [[nodiscard]] const std::vector<std::string>& what_if() const { return what_if_; }

private:
    friend CpuSelection select_cpus(const CpuOptions& options,
                                    const sim::presets::CpuModel* otherwise);

    void add(sim::presets::CpuModel model);

    std::vector<std::string> names_;
    std::map<std::string, sim::presets::CpuModel> models_;
    std::vector<std::string> what_if_;
    bool built_in_ = true;
};

/// Finds, reads and changes the processors. Throws Failure::Usage for an unknown name, a file with
/// a mistake in it, two processors of one name, and an override that makes no sense.
/// Where none is named it is `otherwise`; null: the default preset.
[[nodiscard]] CpuSelection select_cpus(const CpuOptions& options,
                                       const sim::presets::CpuModel* otherwise = nullptr);

/// The same where there must be one processor only; `verb` is for the message.
[[nodiscard]] CpuSelection select_cpu(const CpuOptions& options, const std::string& verb,
                                      const sim::presets::CpuModel* otherwise = nullptr);

}  // namespace ringfence::lab
