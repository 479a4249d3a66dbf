// SPDX-License-Identifier: MIT
#include "lab/prove/status_check.h"

#include <algorithm>

namespace ringfence::lab::prove {

namespace {

/// Whether user mode could translate what it must not.
bool was_open(const Monitor& monitor) {
    return std::ranges::any_of(monitor.violations(), [](const Violation& violation) {
        return violation.finding.rule == audit::Rule::ClosedManifest;
    });
}

/// The value of "NAME VALUE: reason" in lines of text; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (line.starts_with(name) && line.substr(name.size()).starts_with(' ')) {
            const std::string_view rest = line.substr(name.size() + 1);
            return rest.substr(0, rest.find(':'));
        }
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return {};
}

}  // namespace

std::vector<std::string> lies_of(const machine::GuestReport& report, std::string_view output,
                                 const Monitor& monitor) {
    std::vector<std::string> lies;
    if (monitor.user_entries() == 0) {
        return lies;
    }
    const bool open = was_open(monitor);
    if (report.isolation && report.isolation->enabled != 0 && open) {
        lies.emplace_back(
            "the kernel reports that isolation is enabled, and user mode could "
            "translate its memory");
    }
    if (value_of(output, "effective") == "yes" && open) {
        lies.emplace_back(
            "the kernel says that isolation is effective for a program that could "
            "translate its memory");
    }
    if (value_of(output, "effective") == "no" && !open) {
        lies.emplace_back(
            "the kernel says that isolation is not effective for a program that "
            "could translate nothing");
    }
    return lies;
}

}  // namespace ringfence::lab::prove
