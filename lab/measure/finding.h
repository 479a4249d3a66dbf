// SPDX-License-Identifier: MIT
// What a CPU's preset says, and what the guests measured on it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/measure/expectation.h"

namespace ringfence::lab::measure {

/// The guests' results by name; nothing where the processor has no such instruction.
using Results = std::map<std::string, std::optional<double>, std::less<>>;

/// Adds what a guest printed: "NAME VALUE" lines, VALUE being "-" or a decimal number. Throws
/// Failure::Own for anything else, beginning with `label`.
void read_results(std::string_view output, const std::string& label, Results& results);

struct Finding {
    const Measurement* measurement = nullptr;
    double expected = 0;
    std::optional<double> measured;  ///< nothing: the guest could not tell
    std::vector<std::string> recovers;

    /// In percent of what was expected; nothing without a measured value, infinite for any other
    /// value than an expected 0.
    [[nodiscard]] std::optional<double> difference() const;
};

struct HiddenFigure {
    std::string path;
    std::string reason;
};

struct CpuFindings {
    std::string cpu;
    std::vector<Finding> findings{};  ///< of those that the preset has something to say of
    std::vector<HiddenFigure>
        hidden{};  ///< figures of the preset that none of all measurements tells
    std::vector<std::pair<std::string, double>> others{};  ///< results that no figure stands for
};

/// Of the measurements that `chosen` admits.
[[nodiscard]] CpuFindings find(const sim::presets::CpuModel& cpu, const Results& results,
                               const std::vector<const Measurement*>& chosen);

enum class Verdict { Within, Off, Unknown };
/// `tolerance` in percent.
[[nodiscard]] Verdict judge(const Finding& finding, double tolerance);
/// The worst of all.
[[nodiscard]] Verdict judge(const std::vector<CpuFindings>& cpus, double tolerance);

}  // namespace ringfence::lab::measure
