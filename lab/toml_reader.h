// SPDX-License-Identifier: MIT
// What the readers of the command's own TOML files have in common: values of a type, and a line to
// blame. For source files only: toml++ is large.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/error.h"
#include "lab/nearest_name.h"

namespace ringfence::lab {

class TomlReader {
public:
    /// `file` stands in messages, and outlives the reader; `thing` is what a table describes.
    TomlReader(const std::string& file, std::string_view thing) : file_(file), thing_(thing) {}

    /// The document in `text`; fails with the line where it is not TOML. `file` stands in the
    /// message.
    [[nodiscard]] static toml::table parse(std::string_view text, const std::string& file) {
        toml::parse_result parsed = toml::parse(text, file);
        if (!parsed) {
            fail(Failure::Usage, "{}:{}: {}", file, parsed.error().source().begin.line,
                 parsed.error().description());
        }
        return std::move(parsed).table();
    }

    template <typename... Arguments>
    [[noreturn]] void wrong(const toml::node& where, fmt::format_string<Arguments...> format,
                            Arguments&&... arguments) const {
        fail(Failure::Usage, "{}:{}: {}", file_, where.source().begin.line,
             fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    void check_known(const toml::node& where, std::string_view kind, const std::string& name,
                     const std::vector<std::string>& known) const {
        if (std::ranges::find(known, name) == known.end()) {
            wrong(where, "unknown {} '{}'{}", kind, name, did_you_mean(name, known));
        }
    }
    void check_keys(const toml::table& table, const std::vector<std::string>& known) const {
        for (const auto& [key, value] : table) {
            check_known(value, "key", std::string(key.str()), known);
        }
    }

    [[nodiscard]] const toml::node& required(const toml::table& table, std::string_view key) const {
        const toml::node* const node = table.get(key);
        if (node == nullptr) {
            wrong(table, "this {} has no '{}'", thing_, key);
        }
        return *node;
    }

    [[nodiscard]] std::string text(const toml::node& node) const {
        const auto value = node.value_exact<std::string>();
        if (!value) {
            wrong(node, "expected text in quotes");
        }
        return *value;
    }
    [[nodiscard]] std::string text(const toml::table& table, std::string_view key) const {
        return text(required(table, key));
    }

    [[nodiscard]] std::vector<std::string> texts(const toml::node& node) const {
        const toml::array* const array = node.as_array();
        if (array == nullptr) {
            wrong(node, "expected a list of texts, such as [\"/bin/busybox\", \"true\"]");
        }
        std::vector<std::string> result;
        for (const toml::node& item : *array) {
            result.push_back(text(item));
        }
        return result;
    }

private:
    const std::string& file_;
    std::string_view thing_;
};

}  // namespace ringfence::lab
