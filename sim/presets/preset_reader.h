// SPDX-License-Identifier: MIT
// Reading one TOML document: the first thing that is wrong is kept, with its line.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "base/types.h"

namespace ringfence::sim::presets {

class PresetReader {
public:
    /// `file` is for messages only.
    explicit PresetReader(std::string_view file) : file_(file) {}

    /// "FILE:LINE: what", or empty while nothing is wrong.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    void fail(const toml::node& where, const std::string& what);
    void fail_at(u64 line, const std::string& what);

    /// The table under `key`, or null with a problem noted.
    const toml::table* table(const toml::table& parent, std::string_view key);
    std::string text(const toml::table& parent, std::string_view key);
    /// An integer within [low, high]; alone, or as the first part of [value, tag].
    u64 integer(const toml::table& parent, std::string_view key, u64 low, u64 high);
    /// The value of [value, tag], to be checked by the caller; null with a problem noted.
    const toml::node* tagged(const toml::node& node, std::string_view key, std::string& source);
    /// The tag of a source, noted as used.
    std::string source(const toml::node& node, std::string_view key);
    /// Complains of keys that mean nothing: they would be ignored in silence.
    void only(const toml::table& table, std::span<const std::string_view> known);

    /// To be called when all figures are read: complains of tags without an explanation.
    void check_sources(const std::map<std::string, std::string, std::less<>>& explained);

    static std::string quoted(std::string_view key) { return "key '" + std::string{key} + "'"; }

private:
    const toml::node* required(const toml::table& parent, std::string_view key);

    std::string_view file_;
    std::string problem_;
    std::map<std::string, u64> used_sources_;
};

}  // namespace ringfence::sim::presets
