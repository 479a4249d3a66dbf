// SPDX-License-Identifier: MIT
// Processes that do harm, and the one that starts them, ends them and sweeps up after them.
#pragma once

#include <cstdint>

namespace endurance {

/// Shared by a supervisor and its workers. Workers may lose it, and then die; and those that run
/// wild may write anything to it.
struct Progress {
    uint64_t steps;          ///< what was done in this shift, in whatever unit
    uint64_t failures;       ///< of those that check what they have done
    char first_failure[64];  ///< what it was
};

/// What runs at one time.
struct Shift {
    uint64_t seed;
    unsigned workers;
    /// A worker's life, in a process and directory of its own; ends it by returning.
    void (*work)(uint64_t seed, unsigned worker, Progress& progress);
};

/// The directory in which workers run.
inline constexpr const char* scratch_directory = "/scratch";

/// Prepares what shifts need. Once, before anything is measured.
Progress& start_supervising();
/// Runs one shift to its end: workers that make no progress are killed, and so is everybody whom
/// they have left behind; what they have left in the file system is removed. Gives the steps that
/// were made, or 0 if what the workers say of that cannot be.
uint64_t run_shift(const Shift& shift, Progress& progress);

}  // namespace endurance
