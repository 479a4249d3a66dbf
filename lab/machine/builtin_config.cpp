// SPDX-License-Identifier: MIT
#include "lab/machine/builtin_config.h"

#include <utility>

#include "lab/machine/bytes.h"

namespace ringfence::lab::machine {

sim::machine::MachineConfig make_config(const MachineRequest& request, sim::presets::CpuModel cpu,
                                        SerialLines& lines, StopRequest& stop) {
    sim::machine::MachineConfig config{.ram_bytes = request.memory_mib * mib,
                                       .cpu = std::move(cpu),
                                       .boot = {.kernel = as_span(request.kernel->bytes()),
                                                .command_line = request.command_line,
                                                .modules = {{as_span(request.initramfs)}}}};
    config.serial = lines.endpoints();
    if (request.most_instructions != 0) {
        config.instruction_limit = request.most_instructions;
    }
    config.stop = &stop.flag();
    config.timed = request.timed;
    config.ends_when_stuck = request.gdb.empty();
    config.places = request.kernel->places();
    return config;
}

}  // namespace ringfence::lab::machine
