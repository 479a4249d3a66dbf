// SPDX-License-Identifier: MIT
#include "sim/isa/x86/dispatch.h"

#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/timed_execution.h"

namespace ringfence::sim::isa::x86 {
namespace {

/// Takes back what entering the block counted for `op`'s instruction and those after it.
void retire_only_before(Cpu& cpu, const Op& op) {
    const u64 not_run = cpu.block->instructions - op.ordinal;
    cpu.cycles -= not_run;
    cpu.retired[static_cast<u8>(cpu.block->place)] -= not_run;
}

}  // namespace

__attribute__((preserve_none)) void leave(Cpu& /*cpu*/, const Op* /*op*/) {}

__attribute__((preserve_none)) void leave_before(Cpu& cpu, const Op* op) {
    retire_only_before(cpu, *op);
    cpu.rip = rip_of(cpu, *op);
}

__attribute__((preserve_none)) void deliver_fault(Cpu& cpu, const Op* op) {
    if (cpu.timed != nullptr && cpu.timed->on_transient_path()) {
        cpu.timed->fail_transiently();
        return;
    }
    retire_only_before(cpu, *op);
    cpu.rip = rip_of(cpu, *op);
    if (cpu.mmu.take_refusal()) {
        cpu.engine->request_exact_step();
        if (cpu.timed != nullptr) {
            cpu.timed->postponed(*op);
        }
        return;
    }
    if (cpu.timed != nullptr) {
        cpu.timed->faulted(*op);
    }
    deliver_exception(cpu, cpu.pending);
}

__attribute__((preserve_none)) void leave_to_taken(Cpu& cpu, const Op* op) {
    cpu.rip = op->displacement;
    cpu.engine->request_link(*cpu.block, EdgeName::Taken);
}

__attribute__((preserve_none)) void leave_to_fall_through(Cpu& cpu, const Op* op) {
    cpu.rip = next_rip(cpu, *op);
    cpu.engine->request_link(*cpu.block, EdgeName::FallThrough);
}

__attribute__((preserve_none)) void go_to_rip(Cpu& cpu, const Op* op) {
    const Engine::JumpEntry& entry = cpu.engine->jump_entry(cpu.rip);
    if (RF_LIKELY(entry.rip == cpu.rip && entry.stamp == cpu.mmu.execute_stamp() &&
                  entry.context == cpu.code_context())) {
        const u64 cycles = cpu.cycles + entry.block->count;
        if (RF_LIKELY(cycles <= cpu.deadline)) {
            op = enter(cpu, *entry.block, cycles);
            [[clang::musttail]] return op->handler(cpu, op);
        }
    }
}

}  // namespace ringfence::sim::isa::x86
