// SPDX-License-Identifier: MIT
// The measurements by name. A name is the path of the figure in the CPU presets where one figure is
// what is measured.
#pragma once

#include <span>

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

struct Measurement {
    const char* name;
    Thousandths (*measure)(Workbench& bench);
};

/// Those that need no right and no particular memory, but for those of execution (execution.h).
[[nodiscard]] std::span<const Measurement> measurements_of_the_core();
[[nodiscard]] std::span<const Measurement> measurements_of_memory();
[[nodiscard]] std::span<const Measurement> measurements_of_transactions();
/// Costs that follow from other figures: fences, flushes, hints.
[[nodiscard]] std::span<const Measurement> other_measurements();
/// Those that need memory whose physical addresses follow each other, more than twice the last
/// cache's size.
[[nodiscard]] std::span<const Measurement> measurements_of_cache_geometry();

/// What a program around the measurements does with their results.
class Report {
public:
    /// Whether the measurement is to be made.
    virtual bool wants(const char* name) = 0;
    /// `value`: not_here if this CPU has no such instruction.
    virtual void result(const char* name, Thousandths value) = 0;

protected:
    ~Report() = default;
};

/// Makes those that the report wants.
void run(std::span<const Measurement> measurements, Workbench& bench, Report& report);
void run_execution(Workbench& bench, Report& report);

}  // namespace ringfence::measurements
