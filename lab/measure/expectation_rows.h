// SPDX-License-Identifier: MIT
// The parts of the table of measurements.
#pragma once

#include "lab/measure/expectation.h"

namespace ringfence::lab::measure {

/// The figure of the measurement's own name.
Expectation as_it_is(const sim::presets::CpuModel& cpu, const std::string& name);

void add_core(std::vector<Measurement>& rows);
void add_execution(std::vector<Measurement>& rows);
void add_memory(std::vector<Measurement>& rows);
void add_translation(std::vector<Measurement>& rows);
void add_privileged(std::vector<Measurement>& rows);

}  // namespace ringfence::lab::measure
