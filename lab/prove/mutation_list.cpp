// SPDX-License-Identifier: MIT
#include "lab/prove/mutation_list.h"

#include <toml++/toml.h>
#include <algorithm>
#include <iterator>

#include "lab/error.h"
#include "lab/nearest_name.h"

namespace ringfence::lab::prove {

namespace {

const std::vector<std::string> keys = {"name", "meaning",      "history", "breaks",
                                       "cpu",  "command_line", "program", "needs"};
const std::vector<std::string> known_needs = {"strict", "nmi", "machine-check", "debug",
                                              "double-fault"};

std::vector<std::string> invariants() {
    constexpr int last = 24;
    std::vector<std::string> names;
    for (int number = 1; number <= last; ++number) {
        names.push_back(fmt::format("I{}", number));
    }
    return names;
}

/// Reads one table of a file, and says where it is wrong.
class TableReader {
public:
    TableReader(const std::string& file, const toml::table& table) : file_(file), table_(table) {
        for (const auto& [key, value] : table) {
            check_known(value, "key", std::string(key.str()), keys);
        }
    }

    [[nodiscard]] std::string text(std::string_view key) const { return text_of(required(key)); }

    [[nodiscard]] std::string text_or(std::string_view key, const std::string& otherwise) const {
        const toml::node* node = table_.get(key);
        return node != nullptr ? text_of(*node) : otherwise;
    }

    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
        std::vector<std::string> result = texts_of(required(key));
        if (result.empty()) {
            wrong(table_, "'{}' is empty", key);
        }
        return result;
    }

    /// Those of `known`; with `may_lack` the key may be missing.
    [[nodiscard]] std::vector<std::string> choices(std::string_view key,
                                                   const std::vector<std::string>& known,
                                                   bool may_lack) const {
        if (may_lack && !table_.contains(key)) {
            return {};
        }
        std::vector<std::string> result = texts(key);
        for (const std::string& choice : result) {
            check_known(required(key), key, choice, known);
        }
        return result;
    }

    template <typename... Arguments>
    [[noreturn]] void wrong(const toml::node& where, fmt::format_string<Arguments...> format,
                            Arguments&&... arguments) const {
        fail(Failure::Usage, "{}:{}: {}", file_, where.source().begin.line,
             fmt::format(format, std::forward<Arguments>(arguments)...));
    }

private:
    void check_known(const toml::node& where, std::string_view kind, const std::string& name,
                     const std::vector<std::string>& known) const {
        if (std::ranges::find(known, name) == known.end()) {
            wrong(where, "unknown {} '{}'{}", kind, name, did_you_mean(name, known));
        }
    }

    [[nodiscard]] const toml::node& required(std::string_view key) const {
        const toml::node* node = table_.get(key);
        if (node == nullptr) {
            wrong(table_, "this mutation has no '{}'", key);
        }
        return *node;
    }

    [[nodiscard]] std::string text_of(const toml::node& node) const {
        const auto value = node.value_exact<std::string>();
        if (!value) {
            wrong(node, "expected text in quotes");
        }
        return *value;
    }

    [[nodiscard]] std::vector<std::string> texts_of(const toml::node& node) const {
        const toml::array* array = node.as_array();
        if (array == nullptr) {
            wrong(node, "expected a list of texts");
        }
        std::vector<std::string> result;
        std::ranges::transform(*array, std::back_inserter(result),
                               [this](const toml::node& item) { return text_of(item); });
        return result;
    }

    const std::string& file_;
    const toml::table& table_;
};

Mutation read(const TableReader& reader) {
    Mutation result;
    result.name = reader.text("name");
    result.meaning = reader.text("meaning");
    result.history = reader.text("history");
    result.breaks = reader.choices("breaks", invariants(), false);
    result.cpu = reader.text_or("cpu", result.cpu);
    result.command_line = fmt::format("{} mutation={}", reader.text("command_line"), result.name);
    result.program = reader.texts("program");
    result.needs = reader.choices("needs", known_needs, true);
    return result;
}

}  // namespace

std::vector<Mutation> parse_mutations(std::string_view text, const std::string& name) {
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        fail(Failure::Usage, "{}:{}: {}", name, parsed.error().source().begin.line,
             parsed.error().description());
    }
    const toml::array* tables = parsed.table()["mutation"].as_array();
    if (tables == nullptr || parsed.table().size() != 1) {
        fail(Failure::Usage, "{}: expected [[mutation]] tables and nothing else", name);
    }
    std::vector<Mutation> mutations;
    for (const toml::node& node : *tables) {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            fail(Failure::Usage, "{}:{}: expected a [[mutation]] table", name,
                 node.source().begin.line);
        }
        const TableReader reader(name, *table);
        Mutation mutation = read(reader);
        if (std::ranges::find(mutations, mutation.name, &Mutation::name) != mutations.end()) {
            reader.wrong(node, "a second mutation is called '{}'", mutation.name);
        }
        mutations.push_back(std::move(mutation));
    }
    return mutations;
}

std::vector<Mutation> built_in_mutations() {
    return parse_mutations(built_in_mutation_text(), "mutations.toml");
}

}  // namespace ringfence::lab::prove
