// SPDX-License-Identifier: MIT
#include "sim/presets/preset_reader.h"

#include <algorithm>

namespace ringfence::sim::presets {

void PresetReader::fail(const toml::node& where, const std::string& what) {
    fail_at(where.source().begin.line, what);
}

void PresetReader::fail_at(u64 line, const std::string& what) {
    if (problem_.empty()) {
        problem_ = std::string{file_} + ":" + std::to_string(line) + ": " + what;
    }
}

const toml::table* PresetReader::table(const toml::table& parent, std::string_view key) {
    const toml::node* const node = parent.get(key);
    if (node == nullptr) {
        fail(parent, "no table [" + std::string{key} + "]");
        return nullptr;
    }
    if (!node->is_table()) {
        fail(*node, quoted(key) + ": expected a table");
    }
    return node->as_table();
}

std::string PresetReader::text(const toml::table& parent, std::string_view key) {
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

u64 PresetReader::integer(const toml::table& parent, std::string_view key, u64 low, u64 high) {
    const toml::node* node = required(parent, key);
    std::string tag;
    if (node != nullptr && node->is_array()) {
        node = tagged(*node, key, tag);
    }
    if (node == nullptr) {
        return low;
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

const toml::node* PresetReader::tagged(const toml::node& node, std::string_view key,
                                       std::string& source_tag) {
    const toml::array* const pair = node.as_array();
    if (pair == nullptr || pair->size() != 2) {
        fail(node, quoted(key) + ": expected [value, tag]");
        return nullptr;
    }
    source_tag = source(*pair->get(1), key);
    return pair->get(0);
}

std::string PresetReader::source(const toml::node& node, std::string_view key) {
    if (!node.is_string()) {
        fail(node, quoted(key) + ": expected the tag of a source as a string");
        return {};
    }
    used_sources_.emplace(node.as_string()->get(), node.source().begin.line);
    return node.as_string()->get();
}

void PresetReader::only(const toml::table& table, std::span<const std::string_view> known) {
    for (const auto& [key, node] : table) {
        if (std::ranges::find(known, key.str()) == known.end()) {
            fail(node, quoted(key.str()) + ": unknown key");
        }
    }
}

void PresetReader::check_sources(const std::map<std::string, std::string, std::less<>>& explained) {
    for (const auto& [tag, line] : used_sources_) {
        if (!explained.contains(tag)) {
            fail_at(line, "tag '" + tag + "' is not explained in [sources]");
        }
    }
}

const toml::node* PresetReader::required(const toml::table& parent, std::string_view key) {
    const toml::node* const node = parent.get(key);
    if (node == nullptr) {
        fail(parent, "no " + quoted(key));
    }
    return node;
}

}  // namespace ringfence::sim::presets
