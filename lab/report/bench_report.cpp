// SPDX-License-Identifier: MIT
#include "lab/report/bench_report.h"

#include <fmt/format.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/report/cost_rows.h"
#include "lab/report/sha256.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using bench::Measurement;
using Json = nlohmann::ordered_json;

/// To a hundredth, so that it reads well.
double rounded(double value) {
    constexpr double hundredths = 100;
    return std::round(value * hundredths) / hundredths;
}

double value_of(const Measurement& measurement) {
    return measurement.cycles.value_or(measurement.instructions);
}

std::string_view unit_of(const Measurement& measurement) {
    return measurement.cycles ? "cycles" : "instructions";
}

/// The longer run may have less of a cause: then its row has wrapped around.
double per_operation(u64 cycles, const Measurement& measurement) {
    return static_cast<double>(static_cast<i64>(cycles)) /
           static_cast<double>(measurement.operations);
}

Json run_of(const Measurement& measurement) {
    Json run;
    run["cpu"] = measurement.setup.cpu;
    run["design"] = design_name(measurement.setup.design);
    run["pcid"] = measurement.setup.pcid;
    run["name"] = measurement.benchmark->name;
    run["unit"] = unit_of(measurement);
    run["value"] = rounded(value_of(measurement));
    run["instructions"] = rounded(measurement.instructions);
    run["operations"] = measurement.operations;
    if (measurement.stack) {
        for (const CostRow& row : cost_rows(*measurement.stack)) {
            run["stack"][std::string(row.key)] = rounded(per_operation(row.cycles, measurement));
        }
    }
    return run;
}

const Measurement* shared_of(const Measurement& measurement,
                             const std::vector<Measurement>& measurements) {
    const auto found = std::ranges::find_if(measurements, [&](const Measurement& candidate) {
        return candidate.setup.cpu == measurement.setup.cpu &&
               candidate.setup.design == Design::Shared &&
               candidate.benchmark == measurement.benchmark;
    });
    return found == measurements.end() ? nullptr : &*found;
}

/// The row of the benchmark of `first`, from all designs on its processor.
std::vector<std::string> row_of(const Measurement& first,
                                const std::vector<Measurement>& measurements) {
    std::vector<std::string> row = {std::string(first.benchmark->name),
                                    std::string(first.benchmark->meaning)};
    for (const Measurement& measurement : measurements) {
        if (measurement.setup.cpu != first.setup.cpu || measurement.benchmark != first.benchmark) {
            continue;
        }
        row.push_back(fmt::format("{:.1f}", value_of(measurement)));
        const Measurement* shared = shared_of(measurement, measurements);
        if (shared != nullptr && shared != &measurement) {
            row.push_back(fmt::format("{:+.1f}", value_of(measurement) - value_of(*shared)));
        }
    }
    return row;
}

std::vector<std::string> heading_of(const Measurement& first,
                                    const std::vector<Measurement>& measurements) {
    std::vector<std::string> row = {"operation", ""};
    for (const Measurement& measurement : measurements) {
        if (measurement.setup.cpu == first.setup.cpu && measurement.benchmark == first.benchmark) {
            row.push_back(measurement.setup.label);
            const Measurement* shared = shared_of(measurement, measurements);
            if (shared != nullptr && shared != &measurement) {
                row.emplace_back("more");
            }
        }
    }
    return row;
}

}  // namespace

std::string bench_table(const std::vector<Measurement>& measurements) {
    std::string text;
    std::vector<std::vector<std::string>> rows;
    for (usize i = 0; i < measurements.size(); ++i) {
        const Measurement& measurement = measurements[i];
        const bool first_of_cpu = i == 0 || measurements[i - 1].setup.cpu != measurement.setup.cpu;
        if (first_of_cpu) {
            text += fmt::format("{}{}, {} per operation\n", text.empty() ? "" : "\n",
                                measurement.setup.cpu, unit_of(measurement));
            rows = {heading_of(measurement, measurements)};
        }
        const bool first_of_benchmark =
            first_of_cpu || measurements[i - 1].benchmark != measurement.benchmark;
        if (first_of_benchmark) {
            rows.push_back(row_of(measurement, measurements));
        }
        if (i + 1 == measurements.size() ||
            measurements[i + 1].setup.cpu != measurement.setup.cpu) {
            constexpr usize left_columns = 2;
            text += text_table(rows, left_columns);
        }
    }
    return text;
}

std::string bench_json(const BenchInputs& inputs, const std::vector<Measurement>& measurements) {
    Json document;
    document["schema"] = "ringfence.bench/1";
    document["kernel_sha256"] = sha256(inputs.kernel);
    if (!inputs.what_if.empty()) {
        document["what_if"] = inputs.what_if;
    }
    document["runs"] = Json::array();
    for (const Measurement& measurement : measurements) {
        document["runs"].push_back(run_of(measurement));
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
