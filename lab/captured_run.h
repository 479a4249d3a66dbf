// SPDX-License-Identifier: MIT
// One run of a program whose streams are kept, not passed through.
#pragma once

#include <string>
#include <string_view>

#include "lab/guest_run.h"

namespace ringfence::lab {

struct CapturedRun {
    bool stopped = false;  ///< a stop request ended it: the rest means nothing
    machine::MachineOutcome outcome{};
    machine::GuestReport report{};  ///< `exit` is there
    std::string output{};
    std::string error{};
};

/// Runs a guest to the end of its program on the calling thread. Throws Failure::Own, beginning
/// with `label`, if the machine or the kernel failed, an instruction limit was reached or the
/// program could not be started.
[[nodiscard]] CapturedRun run_captured(machine::MachineBackend& backend,
                                       const machine::MachineRequest& request,
                                       std::string_view input, machine::StopRequest& stop,
                                       const std::string& label);

}  // namespace ringfence::lab
