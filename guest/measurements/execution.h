// SPDX-License-Identifier: MIT
// How long instructions take, how many the units take at a time, and how many micro-operations they
// are; by the classes of the CPU presets.
#pragma once

#include <span>

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// A class, and how it is measured: chain.NAME, many.NAME and, for its micro-operations, one more
/// snippet where the chain's will not do.
struct ExecutionSample {
    const char* name;
    u64 chain_instructions = 1;
    bool has_chain = true;
    bool has_many = true;
    bool needs_aes = false;
};

[[nodiscard]] std::span<const ExecutionSample> execution_samples();

/// Cycles from operands to result.
Thousandths latency(Workbench& bench, const ExecutionSample& sample);
/// Cycles for each instruction where none waits for another.
Thousandths cycles_each(Workbench& bench, const ExecutionSample& sample);
Thousandths micro_operations(Workbench& bench, const ExecutionSample& sample);

}  // namespace ringfence::measurements
