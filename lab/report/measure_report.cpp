// SPDX-License-Identifier: MIT
#include "lab/report/measure_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/report/text_table.h"
#include "sim/presets/figure_rules.h"

namespace ringfence::lab::report {

namespace {

using measure::CpuFindings;
using measure::Finding;
using measure::Verdict;
using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

/// To a thousandth, as the guests print it.
double rounded(double value) {
    constexpr double thousandths = 1000;
    return std::round(value * thousandths) / thousandths;
}

std::string number(double value) {
    return sim::presets::format_number(rounded(value));
}

std::string verdict_name(Verdict verdict) {
    return verdict == Verdict::Within ? "within" : verdict == Verdict::Off ? "off" : "unknown";
}

/// A difference that rounds to nothing is none.
std::string difference_cell(const Finding& finding) {
    const auto difference = finding.difference();
    constexpr double smallest = 0.05;
    return !difference                        ? "?"
           : std::isinf(*difference)          ? "inf"
           : std::abs(*difference) < smallest ? "0.0%"
                                              : fmt::format("{:+.1f}%", *difference);
}

std::vector<std::string> row_of(const Finding& finding, double tolerance) {
    const Verdict verdict = judge(finding, tolerance);
    return {finding.measurement->name, finding.measurement->unit,
            number(finding.expected),  finding.measured ? number(*finding.measured) : "-",
            difference_cell(finding),  verdict == Verdict::Within ? "" : verdict_name(verdict)};
}

std::string summary(const CpuFindings& cpu, double tolerance) {
    usize within = 0;
    for (const Finding& finding : cpu.findings) {
        within += judge(finding, tolerance) == Verdict::Within ? 1 : 0;
    }
    return fmt::format("{} of {} within {}%\n", within, cpu.findings.size(), number(tolerance));
}

Json json_finding(const Finding& finding, double tolerance) {
    const auto difference = finding.difference();
    Json object{{"name", finding.measurement->name},
                {"unit", finding.measurement->unit},
                {"preset", rounded(finding.expected)},
                {"measured", finding.measured ? Json(rounded(*finding.measured)) : Json(nullptr)}};
    object["difference_percent"] =
        difference && !std::isinf(*difference) ? Json(rounded(*difference)) : Json(nullptr);
    object["verdict"] = verdict_name(judge(finding, tolerance));
    object["figures"] = finding.recovers;
    return object;
}

Json json_cpu(const CpuFindings& cpu, double tolerance) {
    Json object{{"cpu", cpu.cpu},
                {"measurements", Json::array()},
                {"hidden", Json::array()},
                {"others", Json::array()}};
    for (const Finding& finding : cpu.findings) {
        object["measurements"].push_back(json_finding(finding, tolerance));
    }
    for (const measure::HiddenFigure& hidden : cpu.hidden) {
        object["hidden"].push_back({{"figure", hidden.path}, {"reason", hidden.reason}});
    }
    for (const auto& [name, value] : cpu.others) {
        object["others"].push_back({{"name", name}, {"cycles", rounded(value)}});
    }
    return object;
}

}  // namespace

std::string measure_table(const std::vector<CpuFindings>& cpus, double tolerance) {
    constexpr usize left_columns = 2;
    std::string text;
    for (const CpuFindings& cpu : cpus) {
        text += (text.empty() ? "" : "\n") + cpu.cpu + "\n";
        Rows rows{{"measured", "unit", "preset", "measured", "difference", ""}};
        for (const Finding& finding : cpu.findings) {
            rows.push_back(row_of(finding, tolerance));
        }
        text += text_table(rows, left_columns) + summary(cpu, tolerance);
        Rows others;
        for (const auto& [name, value] : cpu.others) {
            others.push_back({"  " + name, number(value)});
        }
        if (!others.empty()) {
            text += "\nOf no figure of their own, cycles each\n" + text_table(others, 1);
        }
        Rows hidden;
        for (const measure::HiddenFigure& figure : cpu.hidden) {
            hidden.push_back({"  " + figure.path, figure.reason});
        }
        if (!hidden.empty()) {
            text += "\nNot to be seen from inside\n" + text_table(hidden, left_columns);
        }
    }
    return text;
}

std::string measure_json(const std::vector<CpuFindings>& cpus, double tolerance,
                         const std::vector<std::string>& what_if) {
    Json document{{"schema", "ringfence.measure/1"},
                  {"tolerance_percent", tolerance},
                  {"what_if", what_if},
                  {"cpus", Json::array()}};
    for (const CpuFindings& cpu : cpus) {
        document["cpus"].push_back(json_cpu(cpu, tolerance));
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
