// SPDX-License-Identifier: MIT
#include "sim/presets/what_if.h"

#include <algorithm>

#include "arch/x86/cpuid.h"
#include "sim/presets/figure_rules.h"

namespace ringfence::sim::presets {

namespace {

namespace feature = arch::x86::cpuid_feature;

constexpr std::string_view infinite_tlb_key = "tlb";
constexpr std::string_view pcid_key = "pcid";
constexpr std::string_view nested_key = "nested";
constexpr std::string_view nested_path = "translation.nested_page_shift";
constexpr std::string_view root_write_key = "root_write";
constexpr std::string_view root_write_path = "privileged.cr3_write";

std::string normalized(std::string_view key) {
    std::string result{key};
    std::ranges::replace(result, '-', '_');
    return result;
}

/// "latency" and "l1d.latency" are endings of "cache.l1d.latency".
bool is_ending(std::string_view path, std::string_view key) {
    return path == key || (path.size() > key.size() && path.ends_with(key) &&
                           path[path.size() - key.size() - 1] == '.');
}

Error<OverrideError> wrong(std::string message) {
    return {OverrideError{.message = std::move(message)}};
}

/// What the user may write for a figure, and the short names.
std::vector<std::string> known_keys(const Figures& figures) {
    std::vector<std::string> keys{"root-write", std::string{infinite_tlb_key},
                                  std::string{pcid_key}, std::string{nested_key}};
    for (const FigureRule& rule : figure_rules()) {
        if (!figures.has(rule.path)) {
            continue;
        }
        keys.push_back(rule.path);
        for (usize dot = rule.path.find('.'); dot != std::string::npos;
             dot = rule.path.find('.', dot + 1)) {
            keys.push_back(rule.path.substr(dot + 1));
        }
    }
    return keys;
}

/// The rule that a key names.
Result<const FigureRule*, OverrideError> rule_of(const Figures& figures, const std::string& typed) {
    const std::string key = normalized(typed);
    const std::string_view wanted = key == root_write_key ? root_write_path : key;
    std::vector<const FigureRule*> found;
    for (const FigureRule& rule : figure_rules()) {
        if (rule.path == wanted) {
            found = {&rule};
            break;
        }
        if (figures.has(rule.path) && is_ending(rule.path, wanted)) {
            found.push_back(&rule);
        }
    }
    if (found.empty()) {
        return Error{OverrideError{
            .message = "no figure '" + typed + "'",
            .unknown_key = typed,
            .known = known_keys(figures),
        }};
    }
    if (found.size() > 1) {
        return wrong("several figures are called '" + typed + "', such as " + found[0]->path +
                     " and " + found[1]->path);
    }
    if (!figures.has(found[0]->path)) {
        return wrong("this processor has no figure '" + found[0]->path + "'");
    }
    return found[0];
}

void replace(Figures& figures, const std::string& path, double value) {
    figures.values[path] = {value, std::string{override_source}};
}

/// Room for the pages of 256 MiB, in sets short enough to search.
void make_tlbs_infinite(Figures& figures) {
    constexpr double entries = 65536;
    constexpr double ways = 16;
    for (const FigureRule& rule : figure_rules()) {
        if (!rule.path.starts_with("tlb.") || !figures.has(rule.path)) {
            continue;
        }
        replace(figures, rule.path, rule.path.ends_with(".ways") ? ways : entries);
    }
}

/// The size of a hypervisor's pages, as log2; nothing if it is none that there is.
std::optional<double> nested_shift(std::string_view size) {
    return size == "4k"   ? std::optional<double>{12}
           : size == "2m" ? std::optional<double>{21}
           : size == "1g" ? std::optional<double>{30}
                          : std::nullopt;
}

/// The overrides that are not of one figure that the preset has.
enum class Special : u8 { None, InfiniteTlb, NoPcid, Nested };

Result<Special, OverrideError> special_of(const Override& wanted) {
    const std::string key = normalized(wanted.key);
    if (key == infinite_tlb_key) {
        if (wanted.value == "infinite") {
            return Special::InfiniteTlb;
        }
        return wrong("tlb: expected infinite, not '" + wanted.value + "'");
    }
    if (key == pcid_key) {
        if (wanted.value == "off") {
            return Special::NoPcid;
        }
        return wrong("pcid: expected off, not '" + wanted.value + "'");
    }
    if (key == nested_key) {
        if (nested_shift(wanted.value)) {
            return Special::Nested;
        }
        return wrong("nested: expected 4k, 2m or 1g, not '" + wanted.value + "'");
    }
    return Special::None;
}

/// The value that the user wants the rule's figure to have.
Result<double, OverrideError> value_of(const FigureRule& rule, const std::string& typed) {
    const auto value = parse_value(rule, typed);
    if (!value || !rule.allows(*value)) {
        return wrong(rule.path + ": expected " + rule.expected() + ", not '" + typed + "'");
    }
    return *value;
}

}  // namespace

Result<CpuModel, OverrideError> with_overrides(const CpuModel& cpu,
                                               std::span<const Override> overrides) {
    Figures figures = cpu.figures();
    figures.sources.emplace(override_source, "what if: given on the command line");
    bool no_pcid = false;
    for (const Override& wanted : overrides) {
        RF_TRY_ASSIGN(special, special_of(wanted));
        if (special == Special::InfiniteTlb) {
            make_tlbs_infinite(figures);
        } else if (special == Special::NoPcid) {
            no_pcid = true;
        } else if (special == Special::Nested) {
            replace(figures, std::string{nested_path}, *nested_shift(wanted.value));
        } else {
            RF_TRY_ASSIGN(rule, rule_of(figures, wanted.key));
            RF_TRY_ASSIGN(value, value_of(*rule, wanted.value));
            replace(figures, rule->path, value);
        }
    }
    if (const auto conflict = check_figures(figures)) {
        return wrong(conflict->path + ": " + conflict->message);
    }
    const CpuModel changed = cpu.with(std::move(figures));
    return no_pcid ? changed.without({feature::pcid, feature::invpcid}) : changed;
}

}  // namespace ringfence::sim::presets
