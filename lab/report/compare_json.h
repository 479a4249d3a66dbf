// SPDX-License-Identifier: MIT
// A comparison as JSON for other tools: schema "ringfence.compare/1".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/comparison.h"

namespace ringfence::lab::report {

/// What the whole comparison was given.
struct CompareInputs {
    std::vector<std::string> program;
    std::string machine;                 ///< "builtin" or "qemu"
    std::string_view initramfs;          ///< named by its digest
    std::string_view kernel;             ///< the image's bytes, named by their digest
    std::vector<std::string> what_if{};  ///< replaced figures of the processors, as typed
    std::string_view standard_input;
};

/// The document, ending in a newline. Only what the inputs decide is in it: no host time, path or
/// name. Fields that the machine cannot know are absent. Bytes that are not UTF-8 in the program's
/// arguments become U+FFFD.
[[nodiscard]] std::string compare_json(const CompareInputs& inputs,
                                       const std::vector<RunResult>& results);

}  // namespace ringfence::lab::report
