// SPDX-License-Identifier: MIT
#include "lab/suite/suite_file.h"

#include <algorithm>
#include <map>

#include "base/address.h"
#include "lab/error.h"
#include "lab/pack/host_files.h"
#include "lab/toml_reader.h"

namespace ringfence::lab::suite {

namespace {

const std::map<std::string, Kind> kinds = {{"compute", Kind::Compute},
                                           {"mixed", Kind::Mixed},
                                           {"kernel", Kind::Kernel},
                                           {"loopback", Kind::Loopback}};
const std::vector<std::string> keys = {"name",  "meaning", "kind",   "command",
                                       "files", "scripts", "samples"};

/// Reads the tables of one file, and says where it is wrong.
class SuiteReader : public TomlReader {
public:
    explicit SuiteReader(const std::string& file) : TomlReader(file, "workload") {}

    Workload workload(const toml::table& table) {
        check_keys(table, keys);
        Workload result;
        result.name = text(table, "name");
        result.meaning = text(table, "meaning");
        result.kind = kind(table);
        result.command = texts(required(table, "command"));
        if (result.command.empty()) {
            wrong(table, "'command' is empty, expected a program and its arguments");
        }
        if (const toml::node* files = table.get("files"); files != nullptr) {
            result.files = texts(*files);
        }
        read_map(table, "scripts", [&](const std::string& path, const toml::node& value) {
            result.scripts[path] = text(value);
        });
        read_map(table, "samples", [&](const std::string& path, const toml::node& value) {
            result.samples[path] = size(value);
        });
        return result;
    }

private:
    u64 size(const toml::node& node) const {
        constexpr i64 largest = 256 * static_cast<i64>(mib);
        const auto value = node.value_exact<int64_t>();
        if (!value || *value < 1 || *value > largest) {
            wrong(node, "expected a number of bytes from 1 to {}", largest);
        }
        return static_cast<u64>(*value);
    }

    Kind kind(const toml::table& table) const {
        const toml::node& node = required(table, "kind");
        const std::string typed = text(node);
        const auto found = kinds.find(typed);
        if (found == kinds.end()) {
            wrong(node, "'{}' is no kind of workload: expected compute, mixed, kernel or loopback",
                  typed);
        }
        return found->second;
    }

    template <typename Put>
    void read_map(const toml::table& table, std::string_view key, Put put) const {
        const toml::node* node = table.get(key);
        if (node == nullptr) {
            return;
        }
        const toml::table* map = node->as_table();
        if (map == nullptr) {
            wrong(*node, "'{}' must be a table of guest paths", key);
        }
        for (const auto& [path, value] : *map) {
            const std::string place(path.str());
            if (!place.starts_with('/')) {
                wrong(value, "'{}' is not an absolute path in the guest", place);
            }
            put(place, value);
        }
    }
};

const toml::table& table_of(const toml::node& node, const SuiteReader& reader) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        reader.wrong(node, "expected [[workload]] tables");
    }
    return *table;
}

}  // namespace

std::vector<Workload> parse_suite(std::string_view text, const std::string& name) {
    const toml::table document = TomlReader::parse(text, name);
    SuiteReader reader(name);
    std::vector<Workload> workloads;
    for (const auto& [key, value] : document) {
        const toml::array* array = value.as_array();
        if (key.str() != "workload" || array == nullptr) {
            reader.wrong(value, "'{}': expected [[workload]] tables", key.str());
        }
        for (const toml::node& node : *array) {
            Workload workload = reader.workload(table_of(node, reader));
            if (std::ranges::find(workloads, workload.name, &Workload::name) != workloads.end()) {
                reader.wrong(node, "a second workload is called '{}'", workload.name);
            }
            workloads.push_back(std::move(workload));
        }
    }
    if (workloads.empty()) {
        fail(Failure::Usage, "{}: has no [[workload]]", name);
    }
    return workloads;
}

std::vector<Workload> load_suite(const std::string& path) {
    return parse_suite(pack::read_host_file(path, Failure::Usage).bytes, path);
}

}  // namespace ringfence::lab::suite
