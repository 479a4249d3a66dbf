// SPDX-License-Identifier: MIT
// A run that is given up when the guest makes no progress, and that knows where Linux panicked.
#pragma once

#include <optional>
#include <vector>

#include "lab/boot/boot_machine.h"
#include "lab/boot/console_input.h"
#include "lab/boot/progress.h"

namespace ringfence::lab::boot {

/// Stands between a machine and its console's input: a guest that waits is not stuck.
class WatchedIdleness final : public sim::machine::IdleHost {
public:
    WatchedIdleness(ConsoleInput& input, Progress& progress) : input_(input), progress_(progress) {}
    u64 halted(const sim::machine::IdleMoment& moment) override {
        const u64 passed = input_.halted(moment);
        progress_.halted(input_.waits_for_somebody());
        return passed;
    }
    bool running() override { return input_.running(); }

private:
    ConsoleInput& input_;
    Progress& progress_;
};

struct RunLimits {
    u64 limit = ~u64{0};                  ///< instructions, since the first machine was made
    std::vector<VirtualAddress> stops{};  ///< to stop at
    std::optional<VirtualAddress> panic{};
};

/// Runs to an end, or until `progress` is missed. Sets `end`, `failed` and `stuck` of the result.
void run_watched(sim::machine::Machine& machine, Progress& progress, const RunLimits& limits,
                 BootResult& result);

}  // namespace ringfence::lab::boot
