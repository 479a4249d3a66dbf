// SPDX-License-Identifier: MIT
// The result of `ringfence boot` as JSON: schema ringfence.boot/1.
#pragma once

#include <string>
#include <vector>

#include "lab/boot/boot_machine.h"
#include "lab/boot/verdict.h"

namespace ringfence::lab::report {

/// What a run was given and what came of it.
struct BootReport {
    const boot::BootRequest& request;
    const boot::BootResult& result;
    const boot::Verdict& verdict;
    std::vector<std::string> what_if{};  ///< replaced figures of the processor, as typed
};

/// The document, ending in a newline. Only what the inputs decide is in it: no host time, path or
/// name. Bytes that are not UTF-8 in the command line become U+FFFD.
[[nodiscard]] std::string boot_json(const BootReport& report);

}  // namespace ringfence::lab::report
