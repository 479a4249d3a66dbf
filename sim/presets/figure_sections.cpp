// SPDX-License-Identifier: MIT
#include "sim/presets/figure_sections.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "sim/presets/figure_rules.h"

namespace ringfence::sim::presets {

namespace {

/// A row holds the values of several figures and one tag: a TLB, a class of execution.
constexpr std::array<std::string_view, 2> tlb_columns{"entries", "ways"};
constexpr std::array<std::string_view, 4> execution_columns{"ports", "latency", "occupancy",
                                                            "micro_operations"};

class FigureSections {
public:
    FigureSections(PresetReader& reader, const toml::table& root) : reader_(reader), root_(root) {}

    Figures read() {
        static constexpr std::array<std::string_view, 11> sections{
            "core",        "predictor",  "execution",    "cache",
            "memory",      "prefetch",   "tlb",          "paging_structure_cache",
            "translation", "privileged", "vulnerability"};
        for (const std::string_view section : sections) {
            if (const toml::table* const table = reader_.table(root_, section); table != nullptr) {
                read_table(*table, std::string{section});
            }
        }
        read_clock();
        read_published();
        read_sources();
        check_complete();
        if (!reader_.problem().empty()) {
            return {};
        }
        if (const auto conflict = check_figures(figures_)) {
            reader_.fail_at(lines_.at(conflict->path), key_of(conflict->path) + conflict->message);
        }
        return std::move(figures_);
    }

private:
    static std::string key_of(std::string_view path) { return PresetReader::quoted(path) + ": "; }

    void read_table(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const std::string path = prefix + "." + std::string{key.str()};
            if (find_rule(path) != nullptr) {
                read_single(node, key.str(), path);
            } else if (find_rule(path + ".entries") != nullptr) {
                read_row(node, key.str(), path, tlb_columns, "[entries, ways, tag]");
            } else if (find_rule(path + ".ports") != nullptr) {
                read_row(node, key.str(), path, execution_columns,
                         "[ports, latency, occupancy, micro-operations, tag]");
            } else if (prefix == "cache" && find_rule(path + ".kib") != nullptr) {
                read_cache(node, key.str(), path);
            } else if (path != "vulnerability.meltdown") {
                reader_.fail(node, PresetReader::quoted(key.str()) + ": unknown key");
            }
        }
    }

    void read_cache(const toml::node& node, std::string_view key, const std::string& path) {
        if (const toml::table* const table = node.as_table(); table != nullptr) {
            read_table(*table, path);
        } else {
            reader_.fail(node, PresetReader::quoted(key) + ": expected a table");
        }
    }

    void read_single(const toml::node& node, std::string_view key, const std::string& path) {
        std::string source;
        if (const toml::node* const value = reader_.tagged(node, key, source); value != nullptr) {
            set(*value, key, path, std::move(source));
        }
    }

    void read_row(const toml::node& node, std::string_view key, const std::string& path,
                  std::span<const std::string_view> columns, const std::string& expected) {
        const toml::array* const row = node.as_array();
        if (row == nullptr || row->size() != columns.size() + 1) {
            reader_.fail(node, PresetReader::quoted(key) + ": expected " + expected);
            return;
        }
        const std::string source = reader_.source(*row->get(columns.size()), key);
        for (usize i = 0; i < columns.size(); ++i) {
            set(*row->get(i), key, path + "." + std::string{columns[i]}, source);
        }
    }

    void set(const toml::node& node, std::string_view key, const std::string& path,
             std::string source) {
        const FigureRule& rule = *find_rule(path);
        const std::optional<double> value = value_of(rule, node);
        if (!value || !rule.allows(*value)) {
            reader_.fail(node, PresetReader::quoted(key) + ": expected " + rule.expected());
            return;
        }
        figures_.values[path] = {*value, std::move(source)};
        lines_[path] = node.source().begin.line;
    }

    /// The value, if its type is the rule's.
    static std::optional<double> value_of(const FigureRule& rule, const toml::node& node) {
        switch (rule.kind) {
            case FigureKind::Number:
                return node.is_number() ? node.value<double>() : std::nullopt;
            case FigureKind::Switch:
                return node.is_boolean() ? std::optional<double>{node.as_boolean()->get() ? 1 : 0}
                                         : std::nullopt;
            case FigureKind::Ports:
            case FigureKind::Forward:
                break;
        }
        return node.is_string() ? parse_value(rule, node.as_string()->get()) : std::nullopt;
    }

    void read_clock() {
        const toml::table* const identity = root_["identity"].as_table();
        const toml::node* const clock = identity == nullptr ? nullptr : identity->get("clock_hz");
        if (clock != nullptr) {
            read_single(*clock, "clock_hz", "identity.clock_hz");
        }
    }

    void read_published() {
        if (!root_.contains("published")) {
            return;
        }
        const toml::table* const table = reader_.table(root_, "published");
        if (table == nullptr) {
            return;
        }
        for (const auto& [key, node] : *table) {
            std::string source;
            const toml::node* const value = reader_.tagged(node, key.str(), source);
            const auto number =
                value != nullptr && value->is_number() ? value->value<double>() : std::nullopt;
            if (!number || !std::isfinite(*number)) {
                reader_.fail(node, PresetReader::quoted(key.str()) + ": expected [number, tag]");
                return;
            }
            figures_.published[std::string{key.str()}] = {*number, std::move(source)};
        }
    }

    void read_sources() {
        const toml::table* const table = reader_.table(root_, "sources");
        if (table == nullptr) {
            return;
        }
        for (const auto& [tag, node] : *table) {
            if (!node.is_string()) {
                reader_.fail(node, PresetReader::quoted(tag.str()) + ": expected a string");
                return;
            }
            figures_.sources[std::string{tag.str()}] = node.as_string()->get();
        }
        reader_.check_sources(figures_.sources);
    }

    /// Complains of the first required figure that is not there.
    void check_complete() {
        for (const FigureRule& rule : figure_rules()) {
            if (rule.required && !figures_.has(rule.path)) {
                reader_.fail_at(section_line(rule.path),
                                "no figure '" + rule.path + "' (" + rule.meaning + ")");
            }
        }
    }

    /// The line of the innermost table that would hold the figure.
    [[nodiscard]] u64 section_line(std::string_view path) const {
        u64 line = root_.source().begin.line;
        const toml::table* table = &root_;
        for (usize dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
            table = (*table)[path.substr(0, dot)].as_table();
            if (table == nullptr) {
                break;
            }
            line = table->source().begin.line;
            path.remove_prefix(dot + 1);
        }
        return line;
    }

    PresetReader& reader_;
    const toml::table& root_;
    Figures figures_;
    std::map<std::string, u64, std::less<>> lines_;
};

}  // namespace

Figures read_figures(PresetReader& reader, const toml::table& root) {
    return FigureSections{reader, root}.read();
}

}  // namespace ringfence::sim::presets
