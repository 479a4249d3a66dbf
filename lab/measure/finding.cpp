// SPDX-License-Identifier: MIT
#include "lab/measure/finding.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "lab/error.h"

namespace ringfence::lab::measure {

namespace {

constexpr std::string_view others_prefix = "other.";

std::optional<double> read_number(std::string_view text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stopped == end ? std::optional{value} : std::nullopt;
}

std::vector<HiddenFigure> hidden_figures(const sim::presets::CpuModel& cpu) {
    std::set<std::string> recovered;
    for (const Measurement& measurement : measurements()) {
        const Expectation expectation = measurement.expect(cpu, measurement.name);
        recovered.insert(expectation.recovers.begin(), expectation.recovers.end());
    }
    std::vector<HiddenFigure> hidden;
    for (const auto& [path, figure] : cpu.figures().values) {
        if (!recovered.contains(path)) {
            hidden.push_back({path, why_hidden(path)});
        }
    }
    return hidden;
}

}  // namespace

void read_results(std::string_view output, const std::string& label, Results& results) {
    while (!output.empty()) {
        const std::string_view line = output.substr(0, output.find('\n'));
        output.remove_prefix(std::min(line.size() + 1, output.size()));
        const auto blank = line.find(' ');
        const std::string_view text = blank == std::string_view::npos ? "" : line.substr(blank + 1);
        const auto value = text == "-" ? std::optional<double>{} : read_number(text);
        if (text.empty() || (!value && text != "-")) {
            fail(Failure::Own, "{}: the guest printed '{}'; expected a name and a number", label,
                 line);
        }
        results[std::string(line.substr(0, blank))] = value;
    }
}

std::optional<double> Finding::difference() const {
    constexpr double percent = 100;
    if (!measured) {
        return std::nullopt;
    }
    if (expected == 0) {
        return *measured == 0 ? 0 : std::numeric_limits<double>::infinity();
    }
    return (*measured - expected) * percent / expected;
}

CpuFindings find(const sim::presets::CpuModel& cpu, const Results& results,
                 const std::vector<const Measurement*>& chosen) {
    CpuFindings found{.cpu = cpu.name(), .hidden = hidden_figures(cpu)};
    for (const Measurement* measurement : chosen) {
        const Expectation expectation = measurement->expect(cpu, measurement->name);
        if (!expectation.value) {
            continue;
        }
        const auto result = results.find(measurement->name);
        found.findings.push_back(
            {.measurement = measurement,
             .expected = *expectation.value,
             .measured = result == results.end() ? std::nullopt : result->second,
             .recovers = expectation.recovers});
    }
    for (const auto& [name, value] : results) {
        if (name.starts_with(others_prefix) && value) {
            found.others.emplace_back(name.substr(others_prefix.size()), *value);
        }
    }
    return found;
}

Verdict judge(const Finding& finding, double tolerance) {
    const auto difference = finding.difference();
    return !difference                         ? Verdict::Unknown
           : std::abs(*difference) > tolerance ? Verdict::Off
                                               : Verdict::Within;
}

Verdict judge(const std::vector<CpuFindings>& cpus, double tolerance) {
    Verdict worst = Verdict::Within;
    for (const CpuFindings& cpu : cpus) {
        for (const Finding& finding : cpu.findings) {
            const Verdict verdict = judge(finding, tolerance);
            if (verdict == Verdict::Off) {
                return verdict;
            }
            worst = verdict == Verdict::Unknown ? verdict : worst;
        }
    }
    return worst;
}

}  // namespace ringfence::lab::measure
