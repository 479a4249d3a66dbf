// SPDX-License-Identifier: MIT
// What programs do all day, each with a check of its own result.
#pragma once

#include <span>

#include "guest/endurance/random.h"

namespace endurance {

/// Whether a kernel did what it promises. What it refuses for want of memory or of numbers is fine.
struct Outcome {
    const char* failure = nullptr;  ///< what went wrong
    [[nodiscard]] bool good() const { return failure == nullptr; }
};

struct Activity {
    const char* name;
    Outcome (*run)(Random& random);
};

/// All of them. They leave nothing behind, in the process or outside.
[[nodiscard]] std::span<const Activity> activities();
/// Those that change the program's or the system's design.
[[nodiscard]] std::span<const Activity> design_changes();

/// The child's part of the activity that starts programs: ends with the status that it was given.
[[nodiscard]] int started_program(int argc, char** argv);

}  // namespace endurance
