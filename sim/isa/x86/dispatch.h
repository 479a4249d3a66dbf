// SPDX-License-Identifier: MIT
// How a block hands over to the next one without going back to the engine.
#pragma once

#include "sim/isa/x86/block.h"
#include "sim/isa/x86/handler.h"

namespace ringfence::sim::isa::x86 {

/// Whether a direct branch stays on the page of its block: then the target is where it was when the
/// edge was linked.
enum class Reach : u8 { SamePage, OtherPage };

/// Leaves to the engine for a direct branch whose edge cannot be followed now.
__attribute__((preserve_none)) void leave_to_taken(Cpu& cpu, const Op* op);
__attribute__((preserve_none)) void leave_to_fall_through(Cpu& cpu, const Op* op);

/// Accounts for a block that is about to run.
RF_ALWAYS_INLINE const Op* enter(Cpu& cpu, const Block& block, u64 cycles_after) {
    cpu.cycles = cycles_after;
    cpu.block = &block;
    cpu.retired[static_cast<u8>(block.place)] += block.count;
    return block.ops;
}

/// Goes along an edge of the running block. Taken: op->displacement is the target; FallThrough: the
/// next instruction.
template <EdgeName name, Reach reach>
RF_ALWAYS_INLINE __attribute__((preserve_none)) void follow(Cpu& cpu, const Op* op) {
    const Edge& edge = cpu.block->edge(name);
    const u64 cycles = cpu.cycles + edge.to->count;
    if (RF_UNLIKELY(cycles > cpu.deadline) ||
        (reach == Reach::OtherPage && RF_UNLIKELY(edge.stamp != cpu.mmu.execute_stamp()))) {
        if constexpr (name == EdgeName::Taken) {
            [[clang::musttail]] return leave_to_taken(cpu, op);
        } else {
            [[clang::musttail]] return leave_to_fall_through(cpu, op);
        }
    }
    const Op* first = enter(cpu, *edge.to, cycles);
    [[clang::musttail]] return first->handler(cpu, first);
}

/// The handler of the op that ends a block which ended for no branch.
template <Reach reach>
__attribute__((preserve_none)) void fall_through(Cpu& cpu, const Op* op) {
    [[clang::musttail]] return follow<EdgeName::FallThrough, reach>(cpu, op);
}

}  // namespace ringfence::sim::isa::x86
