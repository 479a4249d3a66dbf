// SPDX-License-Identifier: MIT
#include "bench/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ringfence::bench {

namespace {

double median(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const auto middle = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

}  // namespace

void add(Report& report, const std::string& name, const std::string& unit,
         const std::string& baseline, std::vector<double> samples) {
    const double value = median(samples);
    report[name] = Figure{value, unit, baseline, std::move(samples)};
}

bool write(const Report& report, const std::string& path) {
    nlohmann::ordered_json document = nlohmann::ordered_json::object();
    for (const auto& [name, figure] : report) {
        nlohmann::ordered_json& entry = document[name];
        entry["value"] = figure.value;
        entry["unit"] = figure.unit;
        entry["baseline"] = nullptr;
        if (!figure.baseline.empty()) {
            entry["baseline"] = figure.baseline;
        }
        entry["samples"] = figure.samples;
    }
    const std::string temporary = path + ".new";
    std::ofstream file(temporary);
    file << document.dump(2) << '\n';
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
        fmt::print(stderr, "ringfence-bench: cannot write {}\n", path);
        std::remove(temporary.c_str());
        return false;
    }
    return true;
}

void print(const Report& report) {
    for (const auto& [name, figure] : report) {
        fmt::print("{:32} {:>12.4g} {}{}\n", name, figure.value, figure.unit,
                   figure.baseline.empty() ? "" : " of " + figure.baseline);
    }
}

}  // namespace ringfence::bench
