// SPDX-License-Identifier: MIT
#include "lab/report/cpus_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "arch/x86/cpuid.h"
#include "arch/x86/vulnerability.h"
#include "lab/report/text_table.h"
#include "sim/presets/confidence.h"
#include "sim/presets/figure_rules.h"

namespace ringfence::lab::report {

namespace {

using sim::presets::CpuModel;
using sim::presets::Figure;
using sim::presets::FigureKind;
using sim::presets::FigureRule;
using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

/// What software concludes from what the processor says of itself, the kernel's pti=auto among it.
bool affected_by_meltdown(const CpuModel& cpu) {
    const auto& description = cpu.description();
    return arch::x86::vulnerabilities(description.identity, description.arch_capabilities).meltdown;
}

bool has_pcid(const CpuModel& cpu) {
    return cpu.has(arch::x86::cpuid_feature::pcid);
}

std::string vendor_of(const CpuModel& cpu) {
    return cpu.description().identity.vendor == arch::x86::Vendor::Intel ? "Intel" : "AMD";
}

std::string yes_or_no(bool value) {
    return value ? "yes" : "no";
}

std::string on_or_off(bool value) {
    return value ? "on" : "off";
}

std::string clock_of(const CpuModel& cpu) {
    constexpr double ghz = 1e9;
    return fmt::format("{:.2f} GHz", static_cast<double>(cpu.clock_hz()) / ghz);
}

void add_sources(std::string& text, const CpuModel& cpu, const std::set<std::string>& tags) {
    Rows rows;
    for (const std::string& tag : tags) {
        rows.push_back({"  " + tag, cpu.figures().sources.at(tag)});
    }
    text += "\nSources\n" + text_table(rows, 2);
}

Json json_value(const FigureRule& rule, double value) {
    switch (rule.kind) {
        case FigureKind::Switch:
            return value != 0;
        case FigureKind::Ports:
        case FigureKind::Forward:
            return format_value(rule, value);
        case FigureKind::Number:
            break;
    }
    return rule.whole ? Json(static_cast<u64>(value)) : Json(value);
}

Json json_figure(const CpuModel& cpu, const FigureRule& rule) {
    const Figure& figure = cpu.figures().values.at(rule.path);
    return {{"path", rule.path},       {"value", json_value(rule, figure.value)},
            {"unit", rule.unit},       {"meaning", rule.meaning},
            {"source", figure.source}, {"source_text", cpu.figures().sources.at(figure.source)}};
}

Json json_cpu(const CpuModel& cpu) {
    const auto& identity = cpu.description().identity;
    const auto counts = count_confidence(cpu.figures());
    Json object{{"name", cpu.name()},
                {"brand", cpu.description().brand},
                {"vendor", vendor_of(cpu)},
                {"family", identity.family},
                {"model", identity.model},
                {"stepping", identity.stepping},
                {"clock_hz", cpu.clock_hz()},
                {"pcid", has_pcid(cpu)},
                {"meltdown", affected_by_meltdown(cpu)},
                {"pti_auto", on_or_off(affected_by_meltdown(cpu))},
                {"confidence",
                 {{"cited", counts.cited},
                  {"unverified", counts.unverified},
                  {"estimated", counts.estimated}}},
                {"figures", Json::array()},
                {"published", Json::array()}};
    for (const FigureRule& rule : sim::presets::figure_rules()) {
        if (cpu.figures().has(rule.path)) {
            object["figures"].push_back(json_figure(cpu, rule));
        }
    }
    for (const auto& [name, figure] : cpu.figures().published) {
        object["published"].push_back({{"name", name},
                                       {"value", figure.value},
                                       {"source", figure.source},
                                       {"source_text", cpu.figures().sources.at(figure.source)}});
    }
    return object;
}

}  // namespace

std::string cpus_table(const std::vector<CpuModel>& cpus) {
    Rows rows{{"name", "processor", "clock", "PCID", "Meltdown", "pti=auto", "cited", "unverified",
               "estimated"}};
    for (const CpuModel& cpu : cpus) {
        const auto counts = count_confidence(cpu.figures());
        const bool affected = affected_by_meltdown(cpu);
        rows.push_back({cpu.name(), cpu.description().brand, clock_of(cpu),
                        yes_or_no(has_pcid(cpu)), yes_or_no(affected), on_or_off(affected),
                        std::to_string(counts.cited), std::to_string(counts.unverified),
                        std::to_string(counts.estimated)});
    }
    return text_table(rows, 2);
}

std::string cpu_figures(const CpuModel& cpu) {
    const auto& identity = cpu.description().identity;
    const bool affected = affected_by_meltdown(cpu);
    std::string text = fmt::format(
        "{}: {}\n{}, family {}, model {:#x}, stepping {}; PCID: {}; Meltdown: {}; pti=auto: {}\n\n",
        cpu.name(), cpu.description().brand, vendor_of(cpu), identity.family, identity.model,
        identity.stepping, yes_or_no(has_pcid(cpu)), yes_or_no(affected), on_or_off(affected));
    std::set<std::string> tags;
    Rows rows{{"figure", "value", "unit", "source", "meaning"}};
    for (const FigureRule& rule : sim::presets::figure_rules()) {
        if (cpu.figures().has(rule.path)) {
            const Figure& figure = cpu.figures().values.at(rule.path);
            tags.insert(figure.source);
            rows.push_back({rule.path, format_value(rule, figure.value), rule.unit, figure.source,
                            rule.meaning});
        }
    }
    text += text_table(rows, rows.front().size());
    if (!cpu.figures().published.empty()) {
        Rows published;
        for (const auto& [name, figure] : cpu.figures().published) {
            tags.insert(figure.source);
            published.push_back(
                {"  " + name, sim::presets::format_number(figure.value), figure.source});
        }
        text += "\nPublished, not used by the model\n" + text_table(published, 3);
    }
    add_sources(text, cpu, tags);
    return text;
}

std::string cpus_json(const std::vector<CpuModel>& cpus, const std::vector<std::string>& what_if) {
    Json document{{"schema", "ringfence.cpus/1"}, {"what_if", what_if}, {"cpus", Json::array()}};
    for (const CpuModel& cpu : cpus) {
        document["cpus"].push_back(json_cpu(cpu));
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
