// SPDX-License-Identifier: MIT
// Runs the image that measures what only the supervisor can.
#pragma once

#include <optional>
#include <string>

#include "lab/machine/backend.h"

namespace ringfence::lab::measure {

/// What it printed; nothing if a stop request ended it. Throws Failure::Own if it did not come to
/// its end.
[[nodiscard]] std::optional<std::string> run_image(machine::MachineBackend& backend,
                                                   const machine::KernelImage& image,
                                                   const std::string& cpu, u64 most_instructions,
                                                   machine::StopRequest& stop);

}  // namespace ringfence::lab::measure
