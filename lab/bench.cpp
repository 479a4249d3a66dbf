// SPDX-License-Identifier: MIT
// `ringfence bench`: what the kernel's basic operations cost in each design.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/bench/measurement.h"
#include "lab/experiment.h"
#include "lab/report/bench_report.h"
#include "lab/report/output_file.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using bench::Benchmark;
using bench::Measurement;

constexpr const char* examples = R"(
Each operation is done N and 2N times; the difference, divided by N, is its cost: exact, and
without the start of the program.
Exit status: 0, or 255 for an error.

Examples:
  ringfence bench
  ringfence bench --cpu skylake-sp,zen2 --name null_syscall,page_fault --json bench.json
  ringfence bench --name null_syscall --what-if root-write=0
)";

struct BenchOptions {
    ExperimentOptions common;
    std::vector<const Benchmark*> chosen;
};

bool parse(const std::vector<std::string>& arguments, BenchOptions& options) {
    CLI::App app("Measure what the kernel's basic operations cost.", "ringfence bench");
    set_usage(app, "");
    std::vector<std::string> names;
    add_experiment_options(app, options.common);
    app.add_option("--name", names, "operations, separated by commas (default: all)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("NAME,..");
    app.footer(examples);
    if (parse_experiment(app, arguments)) {
        return true;
    }
    std::map<std::string, const Benchmark*> by_name;
    for (const Benchmark& benchmark : bench::benchmarks()) {
        by_name.emplace(benchmark.name, &benchmark);
        if (names.empty()) {
            options.chosen.push_back(&benchmark);
        }
    }
    for (const std::string& name : names) {
        const Benchmark* benchmark = choose("--name", name, by_name);
        if (std::ranges::find(options.chosen, benchmark) == options.chosen.end()) {
            options.chosen.push_back(benchmark);
        }
    }
    return false;
}

/// The guests that do a benchmark's operation N and 2N times.
struct GuestPair {
    std::string once;
    std::string twice;
};

GuestPair pack_benchmark(const Benchmark& benchmark) {
    const auto pack = [&](u64 count) {
        // As wide in both, so that the two runs differ in nothing else.
        return pack_experiment("microbenchmark",
                               {std::string(benchmark.name), fmt::format("{:08}", count)}, {});
    };
    return {pack(benchmark.count), pack(2 * benchmark.count)};
}

/// For each processor and operation, each design.
std::vector<Measurement> make_measurements(const std::vector<Setup>& setups,
                                           const std::vector<const Benchmark*>& chosen) {
    std::vector<Measurement> measurements;
    for (auto first = setups.begin(); first != setups.end();) {
        const auto next = std::find_if(first, setups.end(),
                                       [&](const Setup& setup) { return setup.cpu != first->cpu; });
        for (const Benchmark* benchmark : chosen) {
            for (auto setup = first; setup != next; ++setup) {
                Measurement measurement{};
                measurement.setup = *setup;
                measurement.benchmark = benchmark;
                measurements.push_back(std::move(measurement));
            }
        }
        first = next;
    }
    return measurements;
}

}  // namespace

int bench_verb(const std::vector<std::string>& arguments) {
    BenchOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    Experiment experiment(options.common);
    std::map<const Benchmark*, GuestPair> guests;
    for (const Benchmark* benchmark : options.chosen) {
        guests.emplace(benchmark, pack_benchmark(*benchmark));
    }
    auto measurements = make_measurements(experiment.matrix(), options.chosen);
    const auto stopped = experiment.run_all(measurements.size(), [&](usize i) {
        Measurement& measurement = measurements[i];
        const GuestPair& pair = guests.at(measurement.benchmark);
        const CapturedRun once = experiment.run(measurement.setup, pair.once);
        const CapturedRun twice = experiment.run(measurement.setup, pair.twice);
        if (!once.stopped && !twice.stopped) {
            bench::take_results(measurement, once, twice);
        }
    });
    if (stopped) {
        return *stopped;
    }
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::bench_json({.kernel = experiment.kernel().bytes(),
                                               .what_if = experiment.cpus().what_if()},
                                              measurements));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::bench_table(measurements));
    }
    return 0;
}

}  // namespace ringfence::lab
