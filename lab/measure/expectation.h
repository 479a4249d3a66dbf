// SPDX-License-Identifier: MIT
// What a CPU preset says that the guests will measure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/presets/cpu_model.h"

namespace ringfence::lab::measure {

/// Which guest measures it.
enum class Guest {
    Program,     ///< guest/measurements/linux_main.cpp, a Linux program
    Supervisor,  ///< guest/measurements/supervisor, an image of its own
};

/// What one measurement will give on a CPU.
struct Expectation {
    /// Nothing: the CPU has no such instruction or unit, or something else hides it.
    std::optional<double> value{};
    /// The figures that it is a measurement of: another value of one of them gives another result.
    std::vector<std::string> recovers{};
};

struct Measurement {
    std::string name;  ///< as the guests print it
    std::string unit;
    Guest guest = Guest::Program;
    Expectation (*expect)(const sim::presets::CpuModel& cpu, const std::string& name) = nullptr;
};

/// All measurements that a preset has something to say of, in report order.
[[nodiscard]] const std::vector<Measurement>& measurements();

/// Why no measurement recovers a figure of the preset that none `recovers`; one line.
[[nodiscard]] std::string why_hidden(const std::string& figure);

}  // namespace ringfence::lab::measure
