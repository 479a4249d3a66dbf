// SPDX-License-Identifier: MIT
// Finds out that a processor does the same for ever, and that nothing can end it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/cpu/cpu.h"
#include "sim/devices/platform.h"
#include "sim/isa/x86/engine.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine {

/// Two kinds are proved. A loop with interrupts off, no NMI to come, and no look at a clock or a
/// device, that comes back to the same registers, TLBs and memory. And exceptions of exceptions
/// without an instruction that completes, which come back to the same. Whoever looks changes
/// nothing: the machine has only run on.
class Standstill {
public:
    /// All outlive it. `most_exceptions`: as MachineConfig::most_fruitless_exceptions.
    Standstill(cpu::Cpu& cpu, isa::x86::Engine& engine, memory::PhysicalMemory& memory,
               devices::Platform& platform, u64 most_exceptions)
        : cpu_(cpu),
          engine_(engine),
          memory_(memory),
          platform_(platform),
          most_exceptions_(most_exceptions) {}

    struct Finding {
        /// How it does the same for ever; empty: nothing is proved.
        std::string how{};
        /// The run was to pause while it was looked at.
        bool pauses = false;
    };
    /// Looks whether a loop runs now. May execute some instructions, but none from the `limit`-th
    /// on that retires since the machine was made.
    [[nodiscard]] Finding look(u64 limit);
    /// The engine gave the processor back because no instruction completes. After very many times,
    /// they are taken to be for ever without a proof.
    [[nodiscard]] Finding look_at_faults();

private:
    /// What decides what an unobserved processor does next, without the time.
    struct State {
        std::vector<u8> processor;
        memory::RamImage ram;
    };
    struct Registers;

    [[nodiscard]] bool is_deaf() const;
    [[nodiscard]] Registers registers() const;
    [[nodiscard]] std::vector<u8> processor_state() const;
    [[nodiscard]] std::optional<State> state() const;
    [[nodiscard]] bool is_still(const State& before) const;
    [[nodiscard]] std::optional<u64> find_period(Finding& finding);
    [[nodiscard]] bool proves(u64 period, Finding& finding);
    [[nodiscard]] bool step(Finding& finding);
    [[nodiscard]] u64 retired() const { return cpu_.recorder.counters.total_instructions(); }

    cpu::Cpu& cpu_;
    isa::x86::Engine& engine_;
    memory::PhysicalMemory& memory_;
    devices::Platform& platform_;
    u64 most_exceptions_;
    /// A copy of RAM is dear: after one in vain so many looks are let go by.
    u64 looks_to_skip_ = 0;
    u64 next_skip_ = 1;
    std::optional<State> at_faults_;
    u64 fault_rounds_ = 0;
    u64 retired_at_faults_ = 0;
};

}  // namespace ringfence::sim::machine
