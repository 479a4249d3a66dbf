// SPDX-License-Identifier: MIT
// A request as a configuration of the built-in machine.
#pragma once

#include "lab/machine/backend.h"
#include "lab/machine/serial_lines.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::machine {

/// What `request` asks for, but for a trace, a spectator and a debugger. Refers to all that is
/// given.
[[nodiscard]] sim::machine::MachineConfig make_config(const MachineRequest& request,
                                                      sim::presets::CpuModel cpu,
                                                      SerialLines& lines, StopRequest& stop);

}  // namespace ringfence::lab::machine
