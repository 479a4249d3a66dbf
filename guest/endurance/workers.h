// SPDX-License-Identifier: MIT
// Processes that do harm, and the one that starts them, ends them and sweeps up after them.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "guest/endurance/random.h"

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

/// Shifts, one after the other.
struct Experiment {
    const char* unit;  ///< of steps, as it is printed
    unsigned workers;  ///< of each shift
    void (*work)(uint64_t seed, unsigned worker, Progress& progress);
    bool checks;           ///< workers say what they found wrong; others may write anything
    uint64_t spare_bytes;  ///< as Usage::same_as: what lists that have grown may keep
};

/// The directory in which workers run.
inline constexpr const char* scratch_directory = "/scratch";

/// Prepares what shifts need. Once, before anything is measured.
Progress& start_supervising();
/// Runs one shift to its end: workers that make no progress are killed, and so is everybody whom
/// they have left behind; what they have left in the file system and of System V IPC is removed.
/// Gives the steps that were made, or 0 if what the workers say of that cannot be.
uint64_t run_shift(const Shift& shift, Progress& progress);
/// Runs shifts until `wanted` steps have been made, and compares what the kernel holds after each,
/// and at the end, with before. Prints what came of it and gives the program's exit status.
[[nodiscard]] int run_shifts(const Experiment& experiment, uint64_t wanted, uint64_t seed);

/// Asks for the other design, or the same, for all programs: what came of write(2).
long change_all_designs_at_random(Random& random);

/// Waits until `child` ends; its exit code, or -1.
[[nodiscard]] int exit_code_of(pid_t child);

}  // namespace endurance
