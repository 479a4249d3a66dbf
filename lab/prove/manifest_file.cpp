// SPDX-License-Identifier: MIT
#include "lab/prove/manifest_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "lab/error.h"
#include "lab/pack/host_files.h"
#include "lab/toml_reader.h"

namespace ringfence::lab::prove {

namespace {

using audit::Content;
using audit::Part;

constexpr u64 page_size = 4 * kib;
constexpr std::string_view schema = "ringfence.manifest/1";

const std::map<std::string, Content> contents = {
    {"text", Content::Text}, {"gdt", Content::Gdt},     {"idt", Content::Idt},
    {"tss", Content::Tss},   {"stack", Content::Stack}, {"scratch", Content::Scratch},
    {"ldt", Content::Ldt},   {"other", Content::Other},
};

/// Reads one file, and says where it is wrong.
class ManifestReader : public TomlReader {
public:
    ManifestReader(const std::string& file, const sim::observe::SymbolTable& symbols)
        : TomlReader(file, "manifest, or part of it,"), symbols_(symbols) {}

    audit::Manifest manifest(const toml::table& table) const {
        check_keys(table, {"schema", "name", "pair_bit", "late_root", "part", "private"});
        if (const std::string found = text(table, "schema"); found != schema) {
            wrong(table, "schema '{}', expected '{}'", found, schema);
        }
        audit::Manifest result;
        result.name = text(table, "name");
        if (const toml::node* const bit = table.get("pair_bit")) {
            result.pair_bit = u64{1} << number(*bit, 12, 51);
        }
        if (table.get("late_root") != nullptr) {
            result.late_root = VirtualAddress{address(table, "late_root")};
        }
        for_each_table(table, "part", [&](const toml::table& row) {
            const Part part = this->part(row);
            for (const Part& other : result.parts) {
                if (part.start < other.start + other.bytes &&
                    other.start < part.start + part.bytes) {
                    wrong(row, "'{}' overlaps '{}'", part.name, other.name);
                }
            }
            result.parts.push_back(part);
        });
        for_each_table(table, "private", [&](const toml::table& row) {
            check_keys(row, {"name", "start", "end"});
            const u64 start = address(row, "start");
            result.private_frames.push_back(
                {text(row, "name"), PhysicalAddress{start}, size_of(row, start)});
        });
        return result;
    }

private:
    u64 number(const toml::node& node, i64 least, i64 most) const {
        const auto value = node.value_exact<int64_t>();
        if (!value || *value < least || *value > most) {
            wrong(node, "expected a number from {} to {}", least, most);
        }
        return static_cast<u64>(*value);
    }

    static std::optional<u64> parse_number(std::string_view typed) {
        const bool hex = typed.starts_with("0x");
        const std::string_view digits = hex ? typed.substr(2) : typed;
        u64 value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
        const bool whole = end == digits.data() + digits.size();
        return error == std::errc{} && whole && !digits.empty() ? std::optional{value}
                                                                : std::nullopt;
    }

    /// A symbol or a number.
    u64 term(const toml::node& where, std::string_view typed) const {
        if (const auto value = parse_number(typed)) {
            return *value;
        }
        const auto symbol = symbols_.address_of(typed);
        if (!symbol) {
            wrong(where, "the kernel has no symbol '{}'", typed);
        }
        return symbol->value();
    }

    u64 address(const toml::table& table, std::string_view key) const {
        const toml::node& node = required(table, key);
        const std::string typed = text(table, key);
        const auto trimmed = [](std::string_view part) {
            const auto first = part.find_first_not_of(' ');
            const auto last = part.find_last_not_of(' ');
            return first == part.npos ? std::string_view{} : part.substr(first, last - first + 1);
        };
        const auto plus = typed.find('+');
        const std::string_view whole = typed;
        const u64 base = term(node, trimmed(whole.substr(0, plus)));
        return plus == whole.npos ? base : base + term(node, trimmed(whole.substr(plus + 1)));
    }

    u64 size_of(const toml::table& table, u64 start) const {
        const u64 end = address(table, "end");
        if (end <= start) {
            wrong(table, "'end' ({:#x}) is not behind 'start' ({:#x})", end, start);
        }
        return end - start;
    }

    Part part(const toml::table& table) const {
        check_keys(table, {"name", "reason", "start", "end", "align", "rights", "content"});
        Part part;
        part.name = text(table, "name");
        part.reason = text(table, "reason");
        u64 start = address(table, "start");
        u64 end = start + size_of(table, start);
        if (const toml::node* const node = table.get("align")) {
            const u64 unit = number(*node, page_size, 1 * gib);
            if (!std::has_single_bit(unit)) {
                wrong(*node, "'align' is {}, expected a power of two", unit);
            }
            start = align_down(start, unit);
            end = align_up(end, unit);
        }
        part.start = VirtualAddress{start};
        part.bytes = end - start;
        if (!is_aligned(start, page_size) || !is_aligned(part.bytes, page_size)) {
            wrong(table, "'{}' is not of whole pages of 4096 bytes: {:#x} to {:#x}", part.name,
                  start, start + part.bytes);
        }
        set_rights(table, part);
        const std::string typed = text(table, "content");
        const auto content = contents.find(typed);
        if (content == contents.end()) {
            wrong(table, "content '{}': expected text, gdt, idt, tss, stack, scratch or other",
                  typed);
        }
        part.content = content->second;
        return part;
    }

    void set_rights(const toml::table& table, Part& part) const {
        std::string rights = text(table, "rights");
        part.user = rights.starts_with('u');
        rights.erase(0, part.user ? 1 : 0);
        part.writable = rights == "rw";
        part.executable = rights == "rx";
        if (rights != "r" && rights != "rw" && rights != "rx") {
            wrong(table, "rights '{}': expected r, rw or rx, with a u before them for user mode",
                  text(table, "rights"));
        }
    }

    template <typename Visit>
    void for_each_table(const toml::table& table, std::string_view key, Visit visit) const {
        const toml::node* const node = table.get(key);
        if (node == nullptr) {
            return;
        }
        const toml::array* const rows = node->as_array();
        if (rows == nullptr || !rows->is_homogeneous<toml::table>()) {
            wrong(*node, "'{}' must be tables, as [[{}]]", key, key);
        }
        for (const toml::node& row : *rows) {
            visit(*row.as_table());
        }
    }

    const sim::observe::SymbolTable& symbols_;
};

}  // namespace

audit::Manifest parse_manifest(std::string_view text, const std::string& file,
                               const sim::observe::SymbolTable& symbols) {
    return ManifestReader(file, symbols).manifest(TomlReader::parse(text, file));
}

audit::Manifest load_manifest(const std::string& path, const sim::observe::SymbolTable& symbols) {
    return parse_manifest(pack::read_host_file(path, Failure::Usage).bytes, path, symbols);
}

audit::Manifest built_in_manifest_of(const machine::KernelImage& kernel) {
    return parse_manifest(built_in_manifest(), "ringfence.toml", kernel.symbols());
}

void add_manifest_option(CLI::App& app, std::string& path) {
    app.add_option("--manifest", path,
                   "what user mode may see of the kernel, if not the built-in kernel's manifest")
        ->option_text("FILE");
}

audit::Manifest chosen_manifest(const std::string& path, const machine::KernelImage& kernel) {
    return path.empty() ? built_in_manifest_of(kernel) : load_manifest(path, kernel.symbols());
}

}  // namespace ringfence::lab::prove
