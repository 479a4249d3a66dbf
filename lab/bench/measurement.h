// SPDX-License-Identifier: MIT
// What one kernel operation costs: the difference between two runs of a program that does it N and
// 2N times, divided by N. Start-up, exit and the first operations' misses cancel out exactly.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/captured_run.h"
#include "lab/comparison.h"

namespace ringfence::lab::bench {

struct Benchmark {
    std::string_view name;  ///< as guest/microbenchmarks knows it
    std::string_view meaning;
    u64 count;          ///< N
    u64 per_count = 1;  ///< operations that one count stands for
    /// The operation is an interrupt: counted by the machine, and only what is not user mode
    /// counts.
    bool interrupts = false;
};

[[nodiscard]] std::span<const Benchmark> benchmarks();

/// One cell of the matrix.
struct Measurement {
    Setup setup;
    const Benchmark* benchmark = nullptr;
    double instructions = 0;       ///< per operation
    std::optional<double> cycles;  ///< per operation, from a timed engine
    /// Cycles of all operations, by cause and place, and how many operations they are of.
    std::optional<sim::observe::CostStack> stack;
    u64 operations = 0;
};

/// Fills in the figures from the two runs. Throws Failure::Own if the program failed, or if the
/// longer run did not do more than the shorter.
void take_results(Measurement& measurement, const CapturedRun& once, const CapturedRun& twice);

}  // namespace ringfence::lab::bench
