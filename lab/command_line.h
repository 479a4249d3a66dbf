// SPDX-License-Identifier: MIT
// What the verbs' command lines have in common: options up to the program, then the program and its
// own arguments, untouched.
#pragma once

#include <fmt/ranges.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "lab/cli_names.h"
#include "lab/error.h"
#include "lab/guest_run.h"
#include "lab/machine/backend.h"
#include "lab/nearest_name.h"
#include "lab/pack/guest_image.h"

namespace ringfence::lab {

/// Options of every verb that runs a guest.
struct CommonOptions {
    std::string kernel_image;
    double timeout_seconds = 0;  ///< 0: none
    u64 most_instructions = 0;   ///< 0: no limit
    bool quiet = false;
};

/// Options of every verb that runs the user's program in a guest.
struct GuestOptions : CommonOptions {
    pack::GuestRequest guest;
    machine::MachineKind machine = machine::MachineKind::Builtin;
    std::optional<u64> memory_mib;  ///< see guest_memory.h
};

/// The value that `typed` names; throws Failure::Usage with what would be right.
template <typename Value>
[[nodiscard]] Value choose(const std::string& option, const std::string& typed,
                           const std::map<std::string, Value>& choices) {
    const auto found = choices.find(typed);
    if (found != choices.end()) {
        return found->second;
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : choices) {
        names.push_back(name);
    }
    fail(Failure::Usage, "{} {}: expected {}{}", option, typed, fmt::join(names, " or "),
         did_you_mean(typed, names));
}

/// Declares an option whose value is given to `take` as typed; --help calls it NAME.
CLI::Option* add_named(CLI::App& app, const std::string& option, const std::string& help,
                       std::function<void(const std::string& typed)> take);

/// Declares an option whose value is one of a few names.
template <typename Value>
CLI::Option* add_choice(CLI::App& app, const std::string& option, const std::string& help,
                        std::map<std::string, Value> choices, Value& target) {
    return add_named(app, option, help,
                     [option, choices = std::move(choices), &target](const std::string& typed) {
                         target = choose(option, typed, choices);
                     });
}

/// Makes --help begin with "usage: ringfence VERB [OPTIONS] -- PROGRAM [ARGUMENTS]", or with what
/// else follows the options.
void set_usage(CLI::App& app, const std::string& after_options = " -- PROGRAM [ARGUMENTS]");

/// Which engine of the built-in machine runs the guest.
enum class Mode {
    Fast,   ///< an instruction takes one cycle
    Timed,  ///< every cycle is accounted for
};
/// Declares --mode; `mode` holds the default.
void add_mode_option(CLI::App& app, Mode& mode);

/// Declares --gdb, of the verbs that run one machine.
void add_gdb_option(CLI::App& app, std::string& gdb);
/// --kaslr: what the kernel's random places are drawn from; empty for the linked ones.
void add_kaslr_option(CLI::App& app, std::string& seed);

/// Declares --json and --jobs. `jobs` is at least 1.
void add_output_options(CLI::App& app, std::string& json, unsigned& jobs);

/// Declares --design, --json and --jobs of the verbs that run a matrix. `jobs` is at least 1.
void add_matrix_options(CLI::App& app, std::vector<Design>& designs, std::string& json,
                        unsigned& jobs);

/// Declares --timeout and --max-instructions; 0 stands for no limit.
void add_limit_options(CLI::App& app, double& timeout_seconds, u64& most_instructions);

/// Declares them.
void add_common_options(CLI::App& app, CommonOptions& options);
/// Declares them, those of CommonOptions among them.
void add_guest_options(CLI::App& app, GuestOptions& options);

/// Parses the arguments of a verb. The program begins after `--`, or at the first argument that is
/// neither an option nor an option's value, and goes to `program`. Answers true when the command is
/// done because --help was asked for and printed. Throws Failure::Usage with a hint for anything
/// that is wrong.
[[nodiscard]] bool parse_arguments(CLI::App& app, const std::vector<std::string>& arguments,
                                   std::vector<std::string>& program);

}  // namespace ringfence::lab
