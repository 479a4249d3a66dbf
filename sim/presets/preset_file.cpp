// SPDX-License-Identifier: MIT
#include "sim/presets/preset_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <span>

#include <toml++/toml.h>

#include "sim/presets/feature_names.h"

namespace ringfence::sim::presets {

namespace {

using arch::x86::Vendor;

constexpr std::string_view schema = "ringfence.cpu/1";

/// Reads one document. The first thing that is wrong is kept; what is read after that is ignored.
class Reader {
public:
    explicit Reader(std::string_view file) : file_(file) {}

    [[nodiscard]] const std::string& problem() const { return problem_; }

    void fail(const toml::node& where, const std::string& what) {
        fail_at(where.source().begin.line, what);
    }
    void fail_at(u64 line, const std::string& what) {
        if (problem_.empty()) {
            problem_ = std::string{file_} + ":" + std::to_string(line) + ": " + what;
        }
    }

    /// The table under `key`, or null with a problem noted if it must be there.
    const toml::table* table(const toml::table& parent, std::string_view key, bool required) {
        const toml::node* const node = parent.get(key);
        if (node == nullptr) {
            if (required) {
                fail(parent, "no table [" + std::string{key} + "]");
            }
            return nullptr;
        }
        if (!node->is_table()) {
            fail(*node, quoted(key) + ": expected a table");
        }
        return node->as_table();
    }

    std::string text(const toml::table& parent, std::string_view key) {
        const toml::node* const node = required(parent, key);
        if (node == nullptr) {
            return {};
        }
        if (!node->is_string()) {
            fail(*node, quoted(key) + ": expected a string");
            return {};
        }
        return node->as_string()->get();
    }

    /// An integer within [low, high]; alone, or as the first part of [value, tag].
    u64 integer(const toml::table& parent, std::string_view key, u64 low, u64 high) {
        const toml::node* node = required(parent, key);
        if (node == nullptr) {
            return low;
        }
        if (const toml::array* const pair = node->as_array(); pair != nullptr) {
            if (pair->size() != 2) {
                fail(*node, quoted(key) + ": expected [value, tag]");
                return low;
            }
            note_source(*pair->get(1), key);
            node = pair->get(0);
        }
        const bool fits = node->is_integer() && node->as_integer()->get() >= 0 &&
                          static_cast<u64>(node->as_integer()->get()) >= low &&
                          static_cast<u64>(node->as_integer()->get()) <= high;
        if (!fits) {
            fail(*node, quoted(key) + ": expected an integer from " + std::to_string(low) + " to " +
                            std::to_string(high));
            return low;
        }
        return static_cast<u64>(node->as_integer()->get());
    }

    /// [value, tag], the value a number that is not negative.
    Figure figure(const toml::node& node, std::string_view key) {
        const toml::array* const pair = node.as_array();
        if (pair == nullptr || pair->size() != 2 || !pair->get(0)->is_number()) {
            fail(node, quoted(key) + ": expected [number, tag]");
            return {};
        }
        const double value = *pair->get(0)->value<double>();
        if (!std::isfinite(value) || value < 0) {
            fail(node, quoted(key) + ": expected a number of at least 0");
        }
        return {value, note_source(*pair->get(1), key)};
    }
    Figure required_figure(const toml::table& parent, std::string_view key) {
        const toml::node* const node = required(parent, key);
        return node == nullptr ? Figure{} : figure(*node, key);
    }

    /// [entries, ways, tag]
    TlbFigures tlb(const toml::node& node, std::string_view key) {
        const toml::array* const row = node.as_array();
        if (row == nullptr || row->size() != 3 || !row->get(0)->is_integer() ||
            !row->get(1)->is_integer()) {
            fail(node, quoted(key) + ": expected [entries, ways, tag]");
            return {};
        }
        const i64 entries = row->get(0)->as_integer()->get();
        const i64 ways = row->get(1)->as_integer()->get();
        constexpr i64 most = 1'000'000;
        if (entries < 1 || entries > most || ways < 0 || (ways > 0 && entries % ways != 0)) {
            fail(node, quoted(key) + ": the entries must be a positive multiple of the ways");
            return {};
        }
        return {static_cast<u32>(entries), static_cast<u32>(ways), note_source(*row->get(2), key)};
    }

    /// [value, tag] with a value of another type, checked by the caller.
    const toml::node* tagged(const toml::table& parent, std::string_view key, std::string& source) {
        const toml::node* const node = required(parent, key);
        const toml::array* const pair = node == nullptr ? nullptr : node->as_array();
        if (node != nullptr && (pair == nullptr || pair->size() != 2)) {
            fail(*node, quoted(key) + ": expected [value, tag]");
        }
        if (pair == nullptr || pair->size() != 2) {
            return nullptr;
        }
        source = note_source(*pair->get(1), key);
        return pair->get(0);
    }

    /// Complains of keys that mean nothing: they would be ignored in silence.
    void only(const toml::table& table, std::span<const std::string_view> known) {
        for (const auto& [key, node] : table) {
            if (std::ranges::find(known, key.str()) == known.end()) {
                fail(node, quoted(key.str()) + ": unknown key");
            }
        }
    }

    /// To be called when all figures are read.
    void check_sources(const Figures& figures) {
        for (const auto& [tag, line] : used_sources_) {
            if (!figures.sources.contains(tag)) {
                fail_at(line, "tag '" + tag + "' is not explained in [sources]");
            }
        }
    }

    static std::string quoted(std::string_view key) { return "key '" + std::string{key} + "'"; }

private:
    const toml::node* required(const toml::table& parent, std::string_view key) {
        const toml::node* const node = parent.get(key);
        if (node == nullptr) {
            fail(parent, "no " + quoted(key));
        }
        return node;
    }
    std::string note_source(const toml::node& node, std::string_view key) {
        if (!node.is_string()) {
            fail(node, quoted(key) + ": expected the tag of a source as a string");
            return {};
        }
        used_sources_.emplace(node.as_string()->get(), node.source().begin.line);
        return node.as_string()->get();
    }

    std::string_view file_;
    std::string problem_;
    std::map<std::string, u64> used_sources_;
};

void read_features(Reader& reader, const toml::table& table, CpuDescription& out) {
    const toml::node* const list = table.get("features");
    if (list == nullptr || !list->is_array()) {
        reader.fail(list == nullptr ? table : *list,
                    Reader::quoted("features") + ": expected an array of names");
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

void read_capabilities(Reader& reader, const toml::table& table, CpuDescription& out) {
    const toml::node* const list = table.get("arch_capabilities");
    if (list == nullptr) {
        return;
    }
    if (!list->is_array()) {
        reader.fail(*list, Reader::quoted("arch_capabilities") + ": expected an array of names");
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

void read_identity(Reader& reader, const toml::table& table, CpuDescription& out) {
    static constexpr std::array<std::string_view, 10> known{"brand",
                                                            "vendor",
                                                            "family",
                                                            "model",
                                                            "stepping",
                                                            "clock_hz",
                                                            "features",
                                                            "crystal_hz",
                                                            "arch_capabilities",
                                                            "physical_address_bits"};
    reader.only(table, known);
    constexpr u64 longest_brand = 47;
    out.brand = reader.text(table, "brand");
    if (out.brand.size() > longest_brand) {
        reader.fail(*table.get("brand"), Reader::quoted("brand") + ": at most 47 characters");
    }
    const std::string vendor = reader.text(table, "vendor");
    if (vendor == "GenuineIntel" || vendor == "AuthenticAMD") {
        out.identity.vendor = vendor == "GenuineIntel" ? Vendor::Intel : Vendor::Amd;
    } else if (const toml::node* const node = table.get("vendor"); node != nullptr) {
        reader.fail(*node,
                    Reader::quoted("vendor") + ": expected \"GenuineIntel\" or \"AuthenticAMD\"");
    }
    constexpr u64 slowest = 100'000'000;
    constexpr u64 fastest = 20'000'000'000;
    constexpr u64 byte = 255;
    out.identity.family = static_cast<unsigned>(reader.integer(table, "family", 6, byte));
    out.identity.model = static_cast<unsigned>(reader.integer(table, "model", 0, byte));
    out.identity.stepping = static_cast<unsigned>(reader.integer(table, "stepping", 0, 15));
    out.clock_hz = reader.integer(table, "clock_hz", slowest, fastest);
    if (table.contains("crystal_hz")) {
        out.crystal_hz = reader.integer(table, "crystal_hz", 1'000'000, slowest * 10);
    }
    out.physical_address_bits =
        static_cast<unsigned>(reader.integer(table, "physical_address_bits", 36, 52));
    read_features(reader, table, out);
    read_capabilities(reader, table, out);
}

void read_figures(Reader& reader, const toml::table& root, std::string_view section,
                  std::map<std::string, Figure, std::less<>>& out) {
    if (const toml::table* const table = reader.table(root, section, false); table != nullptr) {
        for (const auto& [key, node] : *table) {
            out[std::string{key.str()}] = reader.figure(node, key.str());
        }
    }
}

void read_tlbs(Reader& reader, const toml::table& root, std::string_view section,
               std::map<std::string, TlbFigures, std::less<>>& out) {
    if (const toml::table* const table = reader.table(root, section, false); table != nullptr) {
        for (const auto& [key, node] : *table) {
            out[std::string{key.str()}] = reader.tlb(node, key.str());
        }
    }
}

void read_caches(Reader& reader, const toml::table& root, Figures& out) {
    static constexpr std::array<std::string_view, 4> names{"l1i", "l1d", "l2", "llc"};
    static constexpr std::array<std::string_view, 3> keys{"kib", "ways", "latency"};
    const toml::table* const caches = reader.table(root, "cache", true);
    if (caches == nullptr) {
        return;
    }
    reader.only(*caches, names);
    for (const std::string_view name : names) {
        const toml::table* const table = reader.table(*caches, name, true);
        if (table == nullptr) {
            return;
        }
        reader.only(*table, keys);
        CacheFigures cache;
        cache.kib = reader.required_figure(*table, "kib");
        cache.ways = reader.required_figure(*table, "ways");
        if (table->contains("latency")) {
            cache.latency = reader.required_figure(*table, "latency");
        }
        constexpr double line = 64;
        const double sets = cache.kib.value * 1024.0 / (cache.ways.value * line);
        if (!std::isfinite(sets) || sets < 1 || sets != std::floor(sets) ||
            cache.ways.value > 1024) {
            reader.fail(*table, "cache '" + std::string{name} +
                                    "': its size is no multiple of ways times 64 bytes");
        }
        out.caches.emplace(name, std::move(cache));
    }
}

void read_vulnerability(Reader& reader, const toml::table& root, Vulnerabilities& out) {
    static constexpr std::array<std::string_view, 2> keys{"meltdown", "fault_forward"};
    const toml::table* const table = reader.table(root, "vulnerability", true);
    if (table == nullptr) {
        return;
    }
    reader.only(*table, keys);
    if (const auto* const node = reader.tagged(*table, "meltdown", out.meltdown_source);
        node != nullptr) {
        if (!node->is_boolean()) {
            reader.fail(*node, Reader::quoted("meltdown") + ": expected true or false");
        }
        out.meltdown = node->value_or(false);
    }
    if (const auto* const node = reader.tagged(*table, "fault_forward", out.fault_forward_source);
        node != nullptr) {
        const std::string value = node->value_or(std::string{});
        if (value != "data" && value != "zero" && value != "block") {
            reader.fail(*node, Reader::quoted("fault_forward") +
                                   ": expected \"data\", \"zero\" or \"block\"");
        }
        out.fault_forward = value == "data"   ? FaultForward::Data
                            : value == "zero" ? FaultForward::Zero
                                              : FaultForward::Block;
    }
}

void read_sources(Reader& reader, const toml::table& root, Figures& out) {
    if (const toml::table* const table = reader.table(root, "sources", true); table != nullptr) {
        for (const auto& [tag, node] : *table) {
            if (!node.is_string()) {
                reader.fail(node, Reader::quoted(tag.str()) + ": expected a string");
                return;
            }
            out.sources[std::string{tag.str()}] = node.as_string()->get();
        }
    }
}

}  // namespace

Result<CpuModel, std::string> parse_preset(std::string_view text, std::string_view file) {
    static constexpr std::array<std::string_view, 12> known{
        "schema",      "name",       "identity",      "core",
        "cache",       "memory",     "tlb",           "paging_structure_cache",
        "translation", "privileged", "vulnerability", "sources"};
    const toml::parse_result parsed = toml::parse(text, file);
    Reader reader{file};
    if (!parsed) {
        reader.fail_at(parsed.error().source().begin.line,
                       std::string{parsed.error().description()});
        return Error{reader.problem()};
    }
    const toml::table& root = parsed.table();
    CpuDescription description;
    Figures figures;
    reader.only(root, known);
    if (const std::string found = reader.text(root, "schema"); found != schema) {
        reader.fail(root, "schema '" + found + "', expected '" + std::string{schema} + "'");
    }
    description.name = reader.text(root, "name");
    if (const toml::table* const table = reader.table(root, "identity", true); table != nullptr) {
        read_identity(reader, *table, description);
    }
    read_figures(reader, root, "core", figures.core);
    read_figures(reader, root, "translation", figures.translation);
    read_figures(reader, root, "privileged", figures.privileged);
    read_caches(reader, root, figures);
    read_tlbs(reader, root, "tlb", figures.tlbs);
    read_tlbs(reader, root, "paging_structure_cache", figures.paging_structure_caches);
    if (const toml::table* const table = reader.table(root, "memory", false); table != nullptr) {
        figures.dram_ns = reader.required_figure(*table, "dram_ns");
    }
    read_vulnerability(reader, root, figures.vulnerabilities);
    read_sources(reader, root, figures);
    reader.check_sources(figures);
    if (!reader.problem().empty()) {
        return Error{reader.problem()};
    }
    return CpuModel{std::move(description), std::move(figures)};
}

Result<CpuModel, std::string> load_preset(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    std::string text;
    std::array<char, 4096> piece;
    while (file != nullptr && !std::feof(file.get()) && !std::ferror(file.get())) {
        text.append(piece.data(), std::fread(piece.data(), 1, piece.size(), file.get()));
    }
    if (file == nullptr || std::ferror(file.get()) != 0) {
        return Error{path + ": cannot be read"};
    }
    return parse_preset(text, path);
}

}  // namespace ringfence::sim::presets
