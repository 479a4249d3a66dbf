// SPDX-License-Identifier: MIT
// Turns semantic functions into handlers. A semantic function is what one instruction does:
//
//     bool add(Cpu& cpu, const Op& op);   // may fault: false after cpu.raise() or memory_fault()
//     void nop(Cpu& cpu, const Op& op);   // cannot fault
//
// It changes nothing before the last point at which it can fault.
#pragma once

#include <type_traits>

#include "sim/isa/x86/block.h"
#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// Leaves the block with cpu.pending delivered to the guest.
__attribute__((preserve_none)) void deliver_fault(Cpu& cpu, const Op* op);
/// Continues at cpu.rip: finds the block there and runs it, or leaves to the engine.
__attribute__((preserve_none)) void go_to_rip(Cpu& cpu, const Op* op);
/// Leaves to the engine, which looks at everything afresh.
__attribute__((preserve_none)) void leave(Cpu& cpu, const Op* op);

/// Leaves to the engine as if the block had ended just before `op`.
__attribute__((preserve_none)) void leave_before(Cpu& cpu, const Op* op);

/// The address of the instruction that `op` belongs to, and of the one after it.
RF_ALWAYS_INLINE u64 rip_of(const Cpu& cpu, const Op& op) {
    return cpu.block->rip + op.offset;
}
RF_ALWAYS_INLINE u64 next_rip(const Cpu& cpu, const Op& op) {
    return rip_of(cpu, op) + op.length;
}

template <auto semantics>
RF_ALWAYS_INLINE bool perform(Cpu& cpu, const Op& op) {
    if constexpr (std::is_void_v<decltype(semantics(cpu, op))>) {
        semantics(cpu, op);
        return true;
    } else {
        return semantics(cpu, op);
    }
}

/// Goes on with the next op of the block.
template <auto semantics>
__attribute__((preserve_none)) void straight(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!perform<semantics>(cpu, *op))) {
        [[clang::musttail]] return deliver_fault(cpu, op);
    }
    [[clang::musttail]] return op[1].handler(cpu, op + 1);
}

/// Ends the block; the function has set cpu.rip within the same mode (near branches).
template <auto semantics>
__attribute__((preserve_none)) void branch(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!perform<semantics>(cpu, *op))) {
        [[clang::musttail]] return deliver_fault(cpu, op);
    }
    [[clang::musttail]] return go_to_rip(cpu, op);
}

/// Ends the block after an instruction that may have changed anything but RIP.
template <auto semantics>
__attribute__((preserve_none)) void serialize(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!perform<semantics>(cpu, *op))) {
        [[clang::musttail]] return deliver_fault(cpu, op);
    }
    cpu.rip = next_rip(cpu, *op);
    [[clang::musttail]] return leave(cpu, op);
}

/// Ends the block after an instruction that set cpu.rip and may have changed anything else.
template <auto semantics>
__attribute__((preserve_none)) void transfer(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!perform<semantics>(cpu, *op))) {
        [[clang::musttail]] return deliver_fault(cpu, op);
    }
    [[clang::musttail]] return leave(cpu, op);
}

}  // namespace ringfence::sim::isa::x86
