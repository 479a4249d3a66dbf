// SPDX-License-Identifier: MIT
#include "sim/presets/saved_cpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/presets/feature_names.h"
#include "sim/presets/figure_rules.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::presets {

using arch::x86::CpuidFeature;
using arch::x86::Msr;
using arch::x86::Vendor;

namespace {

constexpr usize longest_name = 64;
constexpr usize longest_brand = 47;
constexpr usize most_features = 256;
constexpr usize most_figures = 1024;
constexpr usize longest_path = 96;
constexpr usize longest_source = 96;
constexpr u64 fastest_clock_hz = 1'000'000'000'000;

struct NamedFeature {
    std::string name;
};
struct NamedFigure {
    std::string path;
    Figure figure;
};

/// What is wrong with figures that come from a file, if anything.
std::optional<std::string> fault_of(const Figures& figures) {
    for (const auto& [path, figure] : figures.values) {
        const FigureRule* const rule = find_rule(path);
        if (rule == nullptr || !rule->allows(figure.value)) {
            return path + (rule == nullptr ? ": no such figure" : ": expected " + rule->expected());
        }
    }
    for (const FigureRule& rule : figure_rules()) {
        if (rule.required && !figures.has(rule.path)) {
            return rule.path + ": missing";
        }
    }
    const auto conflict = check_figures(figures);
    return conflict ? std::optional{conflict->path + ": " + conflict->message} : std::nullopt;
}

}  // namespace

void SavedCpu::visit_state(state::Visitor& visitor) {
    visit_description(visitor);
    visit_features(visitor);
    visit_figures(visitor);
}

void SavedCpu::visit_description(state::Visitor& visitor) {
    constexpr unsigned byte = 255;
    constexpr unsigned nibble = 15;
    visitor.text("name", description_.name, longest_name);
    visitor.text("brand", description_.brand, longest_brand);
    visitor.field("vendor", description_.identity.vendor, Vendor::Amd);
    visitor.field("family", description_.identity.family, byte);
    visitor.field("model", description_.identity.model, byte);
    visitor.field("stepping", description_.identity.stepping, nibble);
    visitor.field("clock_hz", description_.clock_hz, fastest_clock_hz);
    visitor.field("crystal_hz", description_.crystal_hz, fastest_clock_hz);
    visitor.field("microcode", description_.microcode);
    visitor.field("physical_address_bits", description_.physical_address_bits, 52);
    visitor.field("linear_address_bits", description_.linear_address_bits, 57);
    visitor.field("arch_capabilities", description_.arch_capabilities);
}

void SavedCpu::visit_features(state::Visitor& visitor) {
    std::vector<NamedFeature> names;
    for (const CpuidFeature& feature : description_.features) {
        names.push_back({std::string{name_of(feature)}});
    }
    visitor.groups("features", names, most_features,
                   [&](NamedFeature& item) { visitor.text("name", item.name, longest_name); });
    if (!visitor.loading() || !visitor.ok()) {
        return;
    }
    description_.features.clear();
    for (const NamedFeature& item : names) {
        const auto feature = feature_named(item.name);
        visitor.require(feature.has_value(), "a CPUID feature that this machine has not");
        description_.features.push_back(feature.value_or(CpuidFeature{}));
    }
}

void SavedCpu::visit_figures(state::Visitor& visitor) {
    std::vector<NamedFigure> figures;
    for (const auto& [path, figure] : figures_.values) {
        figures.push_back({path, figure});
    }
    visitor.groups("figures", figures, most_figures, [&](NamedFigure& item) {
        visitor.text("path", item.path, longest_path);
        visitor.field("value", item.figure.value);
        visitor.text("source", item.figure.source, longest_source);
    });
    if (visitor.loading() && visitor.ok()) {
        figures_ = {};
        for (NamedFigure& item : figures) {
            figures_.values.insert_or_assign(std::move(item.path), std::move(item.figure));
        }
        visitor.require(figures_.values.size() == figures.size(), "a figure twice");
    }
}

Result<CpuModel, std::string> SavedCpu::model() const {
    constexpr unsigned fewest_bits = 32;
    const CpuDescription& cpu = description_;
    if (cpu.clock_hz == 0 || cpu.physical_address_bits < fewest_bits ||
        cpu.linear_address_bits < fewest_bits ||
        (cpu.identity.vendor != Vendor::Intel && cpu.identity.vendor != Vendor::Amd)) {
        return Error{std::string{"a CPU without a clock, a vendor or addresses"}};
    }
    if (!figures_.values.empty()) {
        if (auto fault = fault_of(figures_)) {
            return Error{*std::move(fault)};
        }
        if (figures_.at("identity.clock_hz") != static_cast<double>(cpu.clock_hz)) {
            return Error{std::string{"identity.clock_hz: not what the clock runs at"}};
        }
    }
    return CpuModel{cpu, figures_};
}

std::optional<std::string> visible_difference(const CpuModel& first, const CpuModel& second) {
    constexpr u32 most_subleaves = 8;
    constexpr u32 most_leaves = 0x20;
    for (const u32 range : {arch::x86::cpuid_basic, arch::x86::cpuid_extended}) {
        for (u32 leaf = range; leaf < range + most_leaves; ++leaf) {
            for (u32 subleaf = 0; subleaf < most_subleaves; ++subleaf) {
                if (first.cpuid(leaf, subleaf) != second.cpuid(leaf, subleaf)) {
                    return fmt::format("CPUID leaf {:#x}, subleaf {}", leaf, subleaf);
                }
            }
        }
    }
    for (const Msr msr : {Msr::IA32_ARCH_CAPABILITIES, Msr::MSR_PLATFORM_INFO,
                          Msr::IA32_PLATFORM_ID, Msr::IA32_BIOS_SIGN_ID}) {
        if (first.read_msr(msr) != second.read_msr(msr)) {
            return fmt::format("MSR {:#x}", static_cast<u32>(msr));
        }
    }
    if (first.clock_hz() != second.clock_hz()) {
        return fmt::format("the clock, {} and {} Hz", first.clock_hz(), second.clock_hz());
    }
    const auto crystal_of = [](const CpuModel& cpu) { return cpu.description().crystal_hz; };
    return crystal_of(first) != crystal_of(second) ? std::optional<std::string>{"the APIC's clock"}
                                                   : std::nullopt;
}

}  // namespace ringfence::sim::presets
