// SPDX-License-Identifier: MIT
// `./dev bench`: the hot paths by Google Benchmark, then whole runs against QEMU, into bench.json.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <exception>

#include "bench/report.h"
#include "bench/whole_run.h"

namespace {

using ringfence::bench::Report;

constexpr int repetitions = 5;
constexpr unsigned whole_run_pairs = 5;

/// Collects the real time of each repetition.
class Collector final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& /*context*/) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration && !run.error_occurred) {
                samples_[run.run_name.function_name].push_back(run.GetAdjustedRealTime());
            }
        }
    }
    void add_to(Report& report) const {
        for (const auto& [name, samples] : samples_) {
            ringfence::bench::add(report, name, "ns", "", samples);
        }
    }

private:
    std::map<std::string, std::vector<double>> samples_;
};

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    benchmark::SetDefaultTimeUnit(benchmark::kNanosecond);
    const std::string output = argc > 1 ? argv[1] : "build/bench.json";
    Collector collector;
    for (int i = 0; i < repetitions; ++i) {
        benchmark::RunSpecifiedBenchmarks(&collector);
    }
    Report report;
    collector.add_to(report);
    try {
        ringfence::bench::measure_whole_runs(report, whole_run_pairs);
    } catch (const std::exception& error) {
        fmt::print(stderr, "ringfence-bench: {}\n", error.what());
        return 1;
    }
    ringfence::bench::print(report);
    return ringfence::bench::write(report, output) ? 0 : 1;
}
