// SPDX-License-Identifier: MIT
// The machines and designs that every end-to-end test is run on.
#pragma once

#include <string>
#include <vector>

namespace ringfence::end_to_end {

struct Place {
    const char* name;
    std::vector<std::string> options;
};

inline const std::vector<Place>& setups() {
    static const std::vector<Place> all = {
        {"builtin_shared", {"--machine", "builtin", "--design", "shared"}},
        {"builtin_isolated", {"--machine", "builtin", "--design", "isolated"}},
        {"builtin_isolated_nopcid",
         {"--machine", "builtin", "--design", "isolated", "--pcid", "off"}},
        {"qemu_shared", {"--machine", "qemu", "--design", "shared"}},
        {"qemu_isolated", {"--machine", "qemu", "--design", "isolated"}},
    };
    return all;
}

/// "run", the setup's options, `options`, "--", `command`.
inline std::vector<std::string> run_arguments(const Place& setup,
                                              const std::vector<std::string>& options,
                                              const std::vector<std::string>& command) {
    std::vector<std::string> arguments = {"run"};
    arguments.insert(arguments.end(), setup.options.begin(), setup.options.end());
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back("--");
    arguments.insert(arguments.end(), command.begin(), command.end());
    return arguments;
}

}  // namespace ringfence::end_to_end
