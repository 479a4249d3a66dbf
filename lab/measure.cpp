// SPDX-License-Identifier: MIT
// `ringfence measure`: does a guest find in the processor what its preset says?
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/experiment.h"
#include "lab/guest_programs.h"
#include "lab/measure/finding.h"
#include "lab/measure/image_run.h"
#include "lab/report/measure_report.h"
#include "lab/report/output_file.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using measure::CpuFindings;
using measure::Guest;
using measure::Measurement;
using measure::Results;

constexpr const char* examples = R"(
Two guests measure the processor from inside, with nothing but its own counter: a Linux program on
the kernel, and an image of its own for what only the supervisor can do. Each result stands beside
what the preset says of it. A figure that something else hides is listed with the reason.
Exit status: 0 if all are within the tolerance, 2 if one is not, 3 if one could not be measured,
255 for an error.

Examples:
  ringfence measure
  ringfence measure --cpu-file mine.toml --tolerance 2
  ringfence measure --cpu skylake-sp,zen2 --name cache,tlb.stlb --json figures.json
  ringfence measure --what-if l2.latency=20 --name cache.l2
)";

constexpr int status_off = 2;
constexpr int status_unknown = 3;

struct MeasureOptions {
    ExperimentOptions common;
    double tolerance = 5;
    std::vector<const Measurement*> chosen;
};

/// A name stands for itself and for all that begin with it and a dot.
std::vector<const Measurement*> choose_measurements(const std::vector<std::string>& names) {
    std::vector<const Measurement*> chosen;
    for (const Measurement& measurement : measure::measurements()) {
        const auto admits = [&](const std::string& name) {
            return measurement.name == name || measurement.name.starts_with(name + ".");
        };
        if (names.empty() || std::ranges::any_of(names, admits)) {
            chosen.push_back(&measurement);
        }
    }
    return chosen;
}

void check_names(const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const Measurement& measurement : measure::measurements()) {
        known.push_back(measurement.name);
    }
    for (const std::string& name : names) {
        if (choose_measurements({name}).empty()) {
            fail(Failure::Usage, "--name {}: expected a measurement such as {}{}", name,
                 known.front(), did_you_mean(name, known));
        }
    }
}

bool parse(const std::vector<std::string>& arguments, MeasureOptions& options) {
    CLI::App app("Measure a processor from inside, and compare with its preset.",
                 "ringfence measure");
    set_usage(app, "");
    std::vector<std::string> names;
    add_cpu_options(app, options.common.cpus, CpuCount::Several);
    app.add_option("--name", names, "only these, or all that begin so (default: all)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("NAME,..");
    constexpr double most_percent = 100;
    app.add_option("--tolerance", options.tolerance, "allowed difference in percent (default 5)")
        ->check(CLI::Range(0.0, most_percent).description(""))
        ->option_text("PERCENT");
    add_output_options(app, options.common.json, options.common.jobs);
    add_common_options(app, options.common);
    app.footer(examples);
    if (parse_experiment(app, arguments)) {
        return true;
    }
    check_names(names);
    options.chosen = choose_measurements(names);
    return false;
}

/// The names of a guest's measurements; none if all of them are chosen.
std::vector<std::string> names_for(Guest guest, const std::vector<const Measurement*>& chosen) {
    if (chosen.size() == measure::measurements().size()) {
        return {};
    }
    std::vector<std::string> names;
    for (const Measurement* measurement : chosen) {
        if (measurement->guest == guest) {
            names.push_back(measurement->name);
        }
    }
    return names;
}

/// The guests that the chosen measurements need.
std::vector<Guest> guests_for(const std::vector<const Measurement*>& chosen) {
    std::vector<Guest> guests;
    for (const Guest guest : {Guest::Program, Guest::Supervisor}) {
        if (std::ranges::any_of(chosen, [guest](const Measurement* measurement) {
                return measurement->guest == guest;
            })) {
            guests.push_back(guest);
        }
    }
    return guests;
}

/// One guest on one processor.
struct Job {
    std::string cpu;
    Guest guest = Guest::Program;
    std::string output{};
};

void check_program(const CapturedRun& run, const std::string& cpu) {
    const int status = shell_status(*run.report.exit);
    if (status != 0) {
        fail(Failure::Own, "the measuring program on {} ended with status {}: {}", cpu, status,
             run.error.substr(0, run.error.find('\n')));
    }
}

}  // namespace

int measure_verb(const std::vector<std::string>& arguments) {
    MeasureOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    options.common.designs = {Design::Shared};
    Experiment experiment(options.common);
    const auto image = machine::KernelImage::load(guest_program_path("supervisor_figures"));
    const std::string program =
        pack_experiment("figures", names_for(Guest::Program, options.chosen), {});
    std::vector<Job> jobs;
    for (const std::string& cpu : experiment.cpus().names()) {
        for (const Guest guest : guests_for(options.chosen)) {
            jobs.push_back({.cpu = cpu, .guest = guest});
        }
    }
    const auto stopped = experiment.run_all(jobs.size(), [&](usize i) {
        Job& job = jobs[i];
        if (job.guest == Guest::Supervisor) {
            job.output = measure::run_image(experiment.backend(), image, job.cpu,
                                            options.common.most_instructions, experiment.stop())
                             .value_or("");
            return;
        }
        const Setup setup{
            .cpu = job.cpu, .design = Design::Shared, .pcid = true, .label = "shared"};
        const CapturedRun run = experiment.run(setup, program);
        if (!run.stopped) {
            check_program(run, job.cpu);
            job.output = run.output;
        }
    });
    if (stopped) {
        return *stopped;
    }
    std::vector<CpuFindings> found;
    for (const std::string& cpu : experiment.cpus().names()) {
        Results results;
        for (const Job& job : jobs) {
            if (job.cpu == cpu) {
                measure::read_results(job.output, cpu, results);
            }
        }
        found.push_back(measure::find(experiment.cpus().model(cpu), results, options.chosen));
    }
    if (!options.common.json.empty()) {
        report::write_file(options.common.json, report::measure_json(found, options.tolerance,
                                                                     experiment.cpus().what_if()));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::measure_table(found, options.tolerance));
    }
    switch (judge(found, options.tolerance)) {
        case measure::Verdict::Within:
            return 0;
        case measure::Verdict::Off:
            return status_off;
        case measure::Verdict::Unknown:
            break;
    }
    return status_unknown;
}

}  // namespace ringfence::lab
