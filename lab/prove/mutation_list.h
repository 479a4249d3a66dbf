// SPDX-License-Identifier: MIT
// The kernel's mutations as data: lab/prove/mutations.toml, which says what each key means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringfence::lab::prove {

struct Mutation {
    std::string name;
    std::string meaning;
    std::string history;
    std::vector<std::string> breaks;  ///< "I1" to "I24"; not empty
    std::string cpu = "skylake-sp";
    std::string command_line;          ///< with mutation=NAME
    std::vector<std::string> program;  ///< a guest program's name, and its arguments
    std::vector<std::string> needs;    ///< may be empty
};

/// The mutations of a file's text, in its order. `name` stands in messages. Throws Failure::Usage
/// with the line and what was expected there: for text that is not TOML, unknown or missing keys,
/// values of another type, invariants and needs that there are not, and names that are given twice.
[[nodiscard]] std::vector<Mutation> parse_mutations(std::string_view text, const std::string& name);

/// Those of the file that is part of the command.
[[nodiscard]] std::vector<Mutation> built_in_mutations();

/// That file.
[[nodiscard]] std::string_view built_in_mutation_text();

}  // namespace ringfence::lab::prove
