// SPDX-License-Identifier: MIT
#include "sim/presets/preset_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "arch/x86/cpuid.h"
#include "arch/x86/vulnerability.h"
#include "base/bits.h"
#include "sim/presets/feature_names.h"
#include "sim/presets/figure_sections.h"
#include "sim/presets/preset_reader.h"

namespace ringfence::sim::presets {

namespace {

using arch::x86::Vendor;

constexpr std::string_view schema = "ringfence.cpu/2";

void read_features(PresetReader& reader, const toml::table& table, CpuDescription& out) {
    const toml::node* const list = table.get("features");
    if (list == nullptr || !list->is_array()) {
        reader.fail(list == nullptr ? table : *list,
                    PresetReader::quoted("features") + ": expected an array of names");
        return;
    }
    for (const toml::node& item : *list->as_array()) {
        const auto name = item.value<std::string>();
        const auto feature = name ? feature_named(*name) : std::nullopt;
        if (!feature) {
            reader.fail(item, "no CPUID feature '" + name.value_or("?") + "' in this machine");
            return;
        }
        out.features.push_back(*feature);
    }
}

void read_capabilities(PresetReader& reader, const toml::table& table, CpuDescription& out) {
    const toml::node* const list = table.get("arch_capabilities");
    if (list == nullptr) {
        return;
    }
    if (!list->is_array()) {
        reader.fail(*list,
                    PresetReader::quoted("arch_capabilities") + ": expected an array of names");
        return;
    }
    for (const toml::node& item : *list->as_array()) {
        const auto name = item.value<std::string>();
        const auto mask = name ? capability_named(*name) : std::nullopt;
        if (!mask) {
            reader.fail(item, "no IA32_ARCH_CAPABILITIES bit '" + name.value_or("?") + "'");
            return;
        }
        out.arch_capabilities |= *mask;
    }
}

bool lists(const CpuDescription& description, const arch::x86::CpuidFeature& wanted) {
    return std::ranges::find(description.features, wanted) != description.features.end();
}

/// Features that are none without another. [intel/vol1]: 14.3, 14.4.1, 14.5.3
void check_foundations(PresetReader& reader, const toml::table& table,
                       const CpuDescription& description) {
    namespace feature = arch::x86::cpuid_feature;
    constexpr struct {
        arch::x86::CpuidFeature feature;
        arch::x86::CpuidFeature foundation;
    } rows[] = {{feature::avx, feature::xsave},
                {feature::avx2, feature::avx},
                {feature::fma, feature::avx},
                {feature::f16c, feature::avx}};
    for (const auto& row : rows) {
        if (lists(description, row.feature) && !lists(description, row.foundation)) {
            reader.fail(*table.get("features"), PresetReader::quoted("features") + ": \"" +
                                                    std::string{name_of(row.feature)} +
                                                    "\" needs \"" +
                                                    std::string{name_of(row.foundation)} + "\"");
        }
    }
}

void read_identity(PresetReader& reader, const toml::table& table, CpuDescription& out) {
    static constexpr std::array<std::string_view, 11> known{"brand",
                                                            "vendor",
                                                            "family",
                                                            "model",
                                                            "stepping",
                                                            "clock_hz",
                                                            "features",
                                                            "crystal_hz",
                                                            "microcode",
                                                            "arch_capabilities",
                                                            "physical_address_bits"};
    reader.only(table, known);
    constexpr u64 longest_brand = 47;
    out.brand = reader.text(table, "brand");
    if (out.brand.size() > longest_brand) {
        reader.fail(*table.get("brand"), PresetReader::quoted("brand") + ": at most 47 characters");
    }
    const std::string vendor = reader.text(table, "vendor");
    if (vendor == "GenuineIntel" || vendor == "AuthenticAMD") {
        out.identity.vendor = vendor == "GenuineIntel" ? Vendor::Intel : Vendor::Amd;
    } else if (const toml::node* const node = table.get("vendor"); node != nullptr) {
        reader.fail(*node, PresetReader::quoted("vendor") +
                               ": expected \"GenuineIntel\" or \"AuthenticAMD\"");
    }
    constexpr u64 byte = 255;
    out.identity.family = static_cast<unsigned>(reader.integer(table, "family", 6, byte));
    out.identity.model = static_cast<unsigned>(reader.integer(table, "model", 0, byte));
    out.identity.stepping = static_cast<unsigned>(reader.integer(table, "stepping", 0, 15));
    if (table.contains("crystal_hz")) {
        out.crystal_hz = reader.integer(table, "crystal_hz", 1'000'000, 1'000'000'000);
    }
    if (table.contains("microcode")) {
        out.microcode = static_cast<u32>(reader.integer(table, "microcode", 0, ~u32{0}));
    }
    out.physical_address_bits =
        static_cast<unsigned>(reader.integer(table, "physical_address_bits", 36, 52));
    read_features(reader, table, out);
    check_foundations(reader, table, out);
    read_capabilities(reader, table, out);
}

/// Software must conclude from what the CPU says of itself what the preset says of it.
void check_vulnerability(PresetReader& reader, const toml::table& root,
                         const CpuDescription& description, const Figures& figures) {
    const toml::table* const table = root["vulnerability"].as_table();
    const toml::node* const row = table == nullptr ? nullptr : table->get("meltdown");
    if (row == nullptr) {
        reader.fail(table == nullptr ? root : *table, "no key 'meltdown'");
        return;
    }
    std::string source;
    const toml::node* const value = reader.tagged(*row, "meltdown", source);
    if (value == nullptr || !value->is_boolean()) {
        reader.fail(*row, PresetReader::quoted("meltdown") + ": expected [true or false, tag]");
        return;
    }
    const bool meltdown = value->as_boolean()->get();
    const bool concluded =
        arch::x86::vulnerabilities(description.identity, description.arch_capabilities).meltdown;
    if (meltdown != concluded) {
        reader.fail(*value, PresetReader::quoted("meltdown") +
                                (concluded ? ": false, but software takes this CPU for affected: "
                                             "list \"rdcl_no\" in arch_capabilities"
                                           : ": true, but software takes this CPU for safe"));
    }
    constexpr double data = 0;
    if (reader.problem().empty() &&
        meltdown != (figures.at("vulnerability.fault_forward") == data)) {
        reader.fail(*table->get("fault_forward"),
                    PresetReader::quoted("fault_forward") +
                        ": \"data\" is what 'meltdown' means; they must agree");
    }
}

/// A CPU that has transactions has what they cost.
void check_transactions(PresetReader& reader, const toml::table& root,
                        const CpuDescription& description, const Figures& figures) {
    namespace feature = arch::x86::cpuid_feature;
    const bool listed = lists(description, feature::rtm);
    for (const char* const name : {"xbegin", "xend", "transaction_abort"}) {
        if (listed && !figures.has(std::string{"privileged."} + name)) {
            reader.fail(*root.get("privileged"), "no figure 'privileged." + std::string{name} +
                                                     "', and \"rtm\" is among the features");
        }
    }
}

/// The line of the first character beyond ASCII; nothing if there is none. toml++ 3.3 has undefined
/// behaviour for some of those in the place of a key.
std::optional<usize> line_beyond_ascii(std::string_view text) {
    const auto found = std::ranges::find_if(text, [](char c) { return (c & bit(7)) != 0; });
    if (found == text.end()) {
        return std::nullopt;
    }
    return static_cast<usize>(std::count(text.begin(), found, '\n')) + 1;
}

}  // namespace

Result<CpuModel, std::string> parse_preset(std::string_view text, std::string_view file) {
    static constexpr std::array<std::string_view, 16> known{"schema",
                                                            "name",
                                                            "identity",
                                                            "core",
                                                            "predictor",
                                                            "execution",
                                                            "cache",
                                                            "memory",
                                                            "prefetch",
                                                            "tlb",
                                                            "paging_structure_cache",
                                                            "translation",
                                                            "privileged",
                                                            "vulnerability",
                                                            "published",
                                                            "sources"};
    PresetReader reader{file};
    if (const auto line = line_beyond_ascii(text)) {
        reader.fail_at(*line, "a character that is not ASCII");
        return Error{reader.problem()};
    }
    const toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) {
        reader.fail_at(parsed.error().source().begin.line,
                       std::string{parsed.error().description()});
        return Error{reader.problem()};
    }
    const toml::table& root = parsed.table();
    CpuDescription description;
    reader.only(root, known);
    if (const std::string found = reader.text(root, "schema"); found != schema) {
        reader.fail(root, "schema '" + found + "', expected '" + std::string{schema} + "'");
    }
    description.name = reader.text(root, "name");
    if (const toml::table* const table = reader.table(root, "identity"); table != nullptr) {
        read_identity(reader, *table, description);
    }
    Figures figures = read_figures(reader, root);
    check_vulnerability(reader, root, description, figures);
    if (reader.problem().empty()) {
        check_transactions(reader, root, description, figures);
    }
    if (!reader.problem().empty()) {
        return Error{reader.problem()};
    }
    description.clock_hz = static_cast<u64>(figures.at("identity.clock_hz"));
    return CpuModel{std::move(description), std::move(figures)};
}

Result<CpuModel, std::string> load_preset(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    constexpr usize longest = 1 << 20;
    std::string text;
    std::array<char, 4096> piece;
    while (file != nullptr && !std::feof(file.get()) && !std::ferror(file.get())) {
        text.append(piece.data(), std::fread(piece.data(), 1, piece.size(), file.get()));
        if (text.size() > longest) {
            return Error{path + ": longer than a megabyte, which no preset is"};
        }
    }
    if (file == nullptr || std::ferror(file.get()) != 0) {
        return Error{path + ": cannot be read"};
    }
    return parse_preset(text, path);
}

}  // namespace ringfence::sim::presets
