// SPDX-License-Identifier: MIT
#include "lab/boot/watched_run.h"

#include <algorithm>

namespace ringfence::lab::boot {

using sim::machine::Machine;
using Reason = sim::machine::MachineEnd::Reason;

namespace {

/// Runs until something other than Linux's panic happens, which is only written down.
sim::machine::MachineEnd run_past_panics(Machine& machine, u64 to, const RunLimits& limits,
                                         FailurePoint& failed) {
    for (;;) {
        auto end = machine.run_to(to);
        const bool panics = end.reason == Reason::Paused && limits.panic == end.rip &&
                            std::ranges::find(limits.stops, end.rip) == limits.stops.end();
        if (!panics) {
            return end;
        }
        if (failed.is_end) {  // the first one
            failed = {.is_end = false,
                      .instructions = machine.counters().total_instructions(),
                      .rip = end.rip};
        }
    }
}

}  // namespace

void run_watched(Machine& machine, Progress& progress, const RunLimits& limits,
                 BootResult& result) {
    std::vector<VirtualAddress> stops = limits.stops;
    if (limits.panic) {
        stops.push_back(*limits.panic);
    }
    machine.stop_at(std::move(stops));
    progress.begin(machine.counters(), machine.cycles());
    const auto retired = [&] { return machine.counters().total_instructions(); };
    for (;;) {
        const u64 to = std::min(limits.limit, retired() + progress.until_next_look());
        result.end = run_past_panics(machine, to, limits, result.failed);
        if (result.end.reason == Reason::Stuck) {
            result.stuck = result.end.how;
            break;
        }
        if (result.end.reason != Reason::InstructionLimit || retired() >= limits.limit) {
            break;
        }
        if (!progress.look(machine.counters(), machine.cycles())) {
            result.stuck = progress.words();
            break;
        }
    }
    if (result.failed.is_end) {
        result.failed = {.instructions = retired(), .rip = result.end.rip};
    }
}

}  // namespace ringfence::lab::boot
