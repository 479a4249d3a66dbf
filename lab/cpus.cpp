// SPDX-License-Identifier: MIT
// `ringfence cpus`: the processors that can be simulated, and where each figure comes from.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/command_line.h"
#include "lab/cpu_selection.h"
#include "lab/report/cpus_report.h"
#include "lab/report/output_file.h"
#include "lab/verbs.h"
#include "sim/presets/preset_file.h"

namespace ringfence::lab {

namespace {

constexpr const char* examples = R"(
Without a name: a line for each processor, with how many of its figures are read in a source,
known but still to be verified, and estimated. With names: every figure, its unit and its source.

Examples:
  ringfence cpus
  ringfence cpus skylake-sp
  ringfence cpus --cpu-file mine.toml --what-if l2.kib=2048
)";

struct CpusOptions {
    CpuOptions cpus;
    std::string json;
};

/// Names may come before the options as well as after them.
std::vector<std::string> names_last(std::vector<std::string> arguments) {
    const auto first_option = std::ranges::find_if(
        arguments, [](const std::string& argument) { return argument.starts_with('-'); });
    std::ranges::rotate(arguments, first_option);
    return arguments;
}

bool parse(const std::vector<std::string>& arguments, CpusOptions& options) {
    CLI::App app("List the processors that can be simulated.", "ringfence cpus");
    set_usage(app, " [NAME..]");
    add_cpu_file_options(app, options.cpus);
    app.add_option("--json", options.json, "write all of it as JSON, - for standard output")
        ->option_text("FILE|-");
    app.footer(examples);
    return parse_arguments(app, names_last(arguments), options.cpus.names);
}

}  // namespace

int cpus(const std::vector<std::string>& arguments) {
    CpusOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    const bool chosen = !options.cpus.names.empty() || !options.cpus.files.empty();
    if (!chosen) {
        for (const std::string_view name : sim::presets::preset_names()) {
            options.cpus.names.emplace_back(name);
        }
    }
    const CpuSelection selection = select_cpus(options.cpus);
    std::vector<sim::presets::CpuModel> models;
    for (const std::string& name : selection.names()) {
        models.push_back(selection.model(name));
    }
    if (!options.json.empty()) {
        report::write_file(options.json, report::cpus_json(models, selection.what_if()));
    }
    if (options.json == "-") {
        return 0;
    }
    std::string text;
    if (chosen) {
        for (const auto& model : models) {
            text += (text.empty() ? "" : "\n") + report::cpu_figures(model);
        }
    } else {
        text = report::cpus_table(models);
    }
    report::write_file("-", text);
    return 0;
}

}  // namespace ringfence::lab
