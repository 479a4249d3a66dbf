// SPDX-License-Identifier: MIT
// What a path that will be squashed may change, and gives back.
#pragma once

#include "sim/cpu/cpu.h"
#include "sim/timing/instruction_profile.h"
#include "sim/timing/stream.h"

namespace ringfence::sim::isa::x86 {

/// The part of the processor's state that instructions on a transient path reach.
class SavedState {
public:
    explicit SavedState(const cpu::Cpu& cpu)
        : gpr_(cpu.gpr),
          flags_(cpu.flags),
          fpu_(cpu.fpu),
          rip_(cpu.rip),
          block_(cpu.block),
          cycles_(cpu.cycles),
          deadline_(cpu.deadline),
          direction_(cpu.direction),
          pending_(cpu.pending) {}

    void restore(cpu::Cpu& cpu) const {
        cpu.gpr = gpr_;
        cpu.flags = flags_;
        cpu.fpu = fpu_;
        cpu.rip = rip_;
        cpu.block = block_;
        cpu.cycles = cycles_;
        cpu.deadline = deadline_;
        cpu.direction = direction_;
        cpu.pending = pending_;
    }

private:
    cpu::RegisterFile gpr_;
    cpu::LazyFlags flags_;
    cpu::FpuState fpu_;
    u64 rip_;
    const isa::x86::Block* block_;
    u64 cycles_;
    u64 deadline_;
    i64 direction_;
    cpu::PendingException pending_;
};

/// An instruction got no data: what reads its results never begins.
inline void block_registers(timing::Stream& path, const timing::InstructionProfile& profile) {
    path.set_ready(profile.destinations, timing::never);
}

}  // namespace ringfence::sim::isa::x86
