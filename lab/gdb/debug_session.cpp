// SPDX-License-Identifier: MIT
#include "lab/gdb/debug_session.h"

#include <elf.h>

#include <utility>

#include "arch/x86/cpuid.h"
#include "lab/gdb/commands.h"
#include "lab/gdb/connection.h"
#include "lab/gdb/machine_target.h"
#include "lab/message.h"

namespace ringfence::lab::gdb {

namespace {

/// Until the debugger has left, or a stop is requested.
Commands::State serve(Target& target, Connection& connection) {
    Commands commands(target, connection);
    while (commands.state() == Commands::State::Attached) {
        const auto packet = connection.receive();
        if (!packet) {
            return Commands::State::Detached;
        }
        const auto answer = commands.handle(*packet);
        if (answer) {
            connection.send(*answer);
        }
        if (commands.without_acknowledgement()) {
            connection.stop_acknowledging();
        }
    }
    return commands.state();
}

}  // namespace

bool shows_64_bit(const sim::presets::CpuModel& cpu, std::string_view kernel) {
    const bool is_elf = kernel.size() > EI_CLASS && kernel.starts_with(ELFMAG);
    return cpu.has(arch::x86::cpuid_feature::long_mode) &&
           !(is_elf && kernel[EI_CLASS] == ELFCLASS32);
}

sim::machine::MachineEnd DebugSession::run(std::unique_ptr<sim::machine::Machine>& machine,
                                           const DebugRequest& request,
                                           machine::StopRequest& stop) {
    MachineTarget target(machine, request, io_, resume_);
    say("waiting for a debugger: target remote {}", listener_.name());
    Descriptor line = listener_.accept(stop);
    if (line.valid()) {
        Connection connection(std::move(line), stop);
        const auto wake_on = [&](int descriptor) {
            if (request.wake_on) {
                request.wake_on(descriptor);
            }
        };
        idle_.attend(machine, connection);
        wake_on(connection.descriptor());
        if (serve(target, connection) == Commands::State::Killed) {
            stop.request(machine::StopReason::Left);
        }
        idle_.ignore();
        wake_on(-1);
    }
    return target.run_to_end();
}

}  // namespace ringfence::lab::gdb
