// SPDX-License-Identifier: MIT
// A decoded instruction as the engine runs it, and the convention for its handler.
#pragma once

#include "base/types.h"
#include "sim/cpu/cpu.h"
#include "sim/cpu/registers.h"

namespace ringfence::sim::isa::x86 {

using cpu::Cpu;
using cpu::Slot;

struct Op;

/// Executes `*op` and tail-calls the next one. Instructions are written as semantic functions; only
/// the adaptors in handler.h are handlers.
using Handler = __attribute__((preserve_none)) void (*)(Cpu& cpu, const Op* op);

/// One cached instruction, or a part of one. Immutable while its block is live.
///
/// General registers are byte offsets into Cpu::gpr (`cpu::slot_of`; AH is RAX's slot + 1), so a
/// handler never computes a register's address. What `dst`, `src` and `extra` mean otherwise is
/// between an instruction's binder and its semantic function.
///
/// A memory operand is linear address = gpr[segment] + gpr[base] + (gpr[index] << scale) +
/// displacement. Absent parts name the zero slot; RIP-relative operands are absolute, because a
/// block belongs to one RIP. 32-bit addressing and segment limits are done by an op in front,
/// which leaves the linear address in `address_slot`.
struct Op {
    Handler handler = nullptr;
    /// Of the memory operand; or a 64-bit immediate, or a branch target, where there is no such
    /// operand.
    u64 displacement = 0;
    /// Sign-extended from the encoding.
    i32 immediate = 0;
    u8 dst = cpu::zero_slot;
    u8 src = cpu::zero_slot;
    Slot base = cpu::zero_slot;
    Slot index = cpu::zero_slot;
    Slot segment = cpu::zero_slot;
    u8 scale = 0;  ///< 0 to 3
    u8 extra = 0;
    u8 length = 0;  ///< of the instruction, in bytes
    /// Of the instruction's first byte from the start of the block.
    u16 offset = 0;
    /// Completed instructions of the block before this one.
    u8 ordinal = 0;
    /// The memory operand uses the stack segment: a bad address is #SS instead of #GP.
    bool stack_segment = false;
};
static_assert(sizeof(Op) == 32);

}  // namespace ringfence::sim::isa::x86
