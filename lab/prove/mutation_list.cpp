// SPDX-License-Identifier: MIT
#include "lab/prove/mutation_list.h"

#include <algorithm>

#include "lab/error.h"
#include "lab/toml_reader.h"

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
class MutationReader : public TomlReader {
public:
    MutationReader(const std::string& file, const toml::table& table)
        : TomlReader(file, "mutation"), table_(table) {
        check_keys(table, keys);
    }

    [[nodiscard]] std::string text_at(std::string_view key) const { return text(table_, key); }
    [[nodiscard]] std::string text_or(std::string_view key, const std::string& otherwise) const {
        const toml::node* const node = table_.get(key);
        return node != nullptr ? text(*node) : otherwise;
    }
    [[nodiscard]] std::vector<std::string> texts_at(std::string_view key) const {
        std::vector<std::string> result = texts(required(table_, key));
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
        std::vector<std::string> result = texts_at(key);
        for (const std::string& choice : result) {
            check_known(required(table_, key), key, choice, known);
        }
        return result;
    }

private:
    const toml::table& table_;
};

Mutation read(const MutationReader& reader) {
    Mutation result;
    result.name = reader.text_at("name");
    result.meaning = reader.text_at("meaning");
    result.history = reader.text_at("history");
    result.breaks = reader.choices("breaks", invariants(), false);
    result.cpu = reader.text_or("cpu", result.cpu);
    result.command_line =
        fmt::format("{} mutation={}", reader.text_at("command_line"), result.name);
    result.program = reader.texts_at("program");
    result.needs = reader.choices("needs", known_needs, true);
    return result;
}

}  // namespace

std::vector<Mutation> parse_mutations(std::string_view text, const std::string& name) {
    const toml::table document = TomlReader::parse(text, name);
    const toml::array* tables = document["mutation"].as_array();
    if (tables == nullptr || document.size() != 1) {
        fail(Failure::Usage, "{}: expected [[mutation]] tables and nothing else", name);
    }
    std::vector<Mutation> mutations;
    for (const toml::node& node : *tables) {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            fail(Failure::Usage, "{}:{}: expected a [[mutation]] table", name,
                 node.source().begin.line);
        }
        const MutationReader reader(name, *table);
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
