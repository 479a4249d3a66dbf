// SPDX-License-Identifier: MIT
// An instruction as the timed engine sees it: the dataflow that timing needs, and how to find the
// addresses of its memory operands before it runs.
#pragma once

#include <array>

#include "sim/isa/x86/binder.h"
#include "sim/timing/instruction_profile.h"
#include "sim/timing/memory_port.h"
#include "sim/timing/shape.h"

namespace ringfence::sim::isa::x86 {

/// A memory operand: linear address = gpr[segment] + ((gpr[base] + (gpr[index] << scale) +
/// displacement) & offset_mask).
struct TimedOperand {
    Slot base = cpu::zero_slot;
    Slot index = cpu::zero_slot;
    Slot segment = cpu::zero_slot;
    u8 scale = 0;
    timing::AccessIntent intent = timing::AccessIntent::Load;
    u16 bytes = 0;
    u64 displacement = 0;
    u64 offset_mask = ~u64{0};

    [[nodiscard]] VirtualAddress in(const cpu::RegisterFile& gpr) const {
        const u64 offset = gpr.get<u64>(base) + (gpr.get<u64>(index) << scale) + displacement;
        return VirtualAddress{gpr.get<u64>(segment) + (offset & offset_mask)};
    }
};

/// A gather: the lanes that the mask selects are loads of their own.
struct TimedGather {
    /// What the addresses have in common. Its index is none, its scale that of the lanes' indexes.
    TimedOperand common;
    u8 lanes = 0;  ///< 0: the instruction is no gather
    u8 lane_bytes = 0;
    u8 index_bytes = 0;
    u8 index = 0;  ///< numbers of vector registers
    u8 mask = 0;

    [[nodiscard]] bool selects(const cpu::FpuState& fpu, unsigned lane) const;
    [[nodiscard]] VirtualAddress place(const cpu::RegisterFile& gpr, const cpu::FpuState& fpu,
                                       unsigned lane) const;
};

struct TimedInstruction {
    static constexpr unsigned max_operands = 3;

    timing::InstructionProfile profile;
    timing::Shape shape;  ///< filled in by TimedExecution::shape
    std::array<TimedOperand, max_operands> operands{};
    u8 operand_count = 0;
    TimedGather gather;
    /// Ops behind the timing op that are this instruction.
    u8 op_count = 0;
    /// REP: timed by the iterations that it turned out to do. `operands` are the first element's.
    bool repeats = false;
    /// REPE, REPNE: each element is compared, none can be taken together.
    bool compares = false;
    bool reads_time = false;
    /// Of INVPCID: the register that holds the type.
    Slot selector = cpu::zero_slot;

    [[nodiscard]] std::span<const TimedOperand> memory() const {
        return {operands.data(), operand_count};
    }
};

/// What `instruction` is to the timing model.
TimedInstruction describe_timing(const Instruction& instruction);

}  // namespace ringfence::sim::isa::x86
