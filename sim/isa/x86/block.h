// SPDX-License-Identifier: MIT
// A run of decoded instructions that is entered at its first and left at its end.
#pragma once

#include "sim/isa/x86/op.h"
#include "sim/observe/counters.h"

namespace ringfence::sim::isa::x86 {

/// Where a block hands over directly. An edge that was never taken leads to the engine's block that
/// cannot be entered.
struct Edge {
    const Block* to = nullptr;
    /// For a target on another page: holds while Mmu::execute_stamp() has this value.
    u64 stamp = 0;
};
inline constexpr unsigned edge_count = 2;
enum class EdgeName : u8 { FallThrough, Taken };

/// Key: physical address, instruction pointer and context (mode and base of CS). The instruction
/// pointer is part of it, so that branch targets and RIP-relative operands are constants.
struct Block {
    /// Added to the cycle count on entry to a block that was dropped: always beyond the deadline.
    static constexpr u64 dead = u64{1} << 62;

    [[nodiscard]] bool live() const { return count < dead; }
    [[nodiscard]] u32 mode() const { return static_cast<u32>(context); }
    [[nodiscard]] bool crosses_page() const { return bytes_in_second_page != 0; }
    [[nodiscard]] Edge& edge(EdgeName name) const { return edges[static_cast<u8>(name)]; }

    Op* ops = nullptr;
    u64 rip = 0;
    /// What entering adds to the cycle count: `instructions`, or far more if the block is dropped.
    u64 count = 0;
    u64 context = 0;  ///< Cpu::code_context()
    observe::Place place{};
    u16 bytes = 0;
    u16 op_count = 0;
    u16 instructions = 0;
    PhysicalAddress physical;
    /// The start of the second page, for the single instruction of a block that crosses into it.
    PhysicalAddress second_page;
    u16 bytes_in_second_page = 0;
    /// Of the first instruction: whether it goes elsewhere, or does if a condition holds.
    enum class Branches : u8 { No, Perhaps, Yes };
    Branches begins_with_branch = Branches::No;
    /// Filled in while the block runs.
    mutable Edge edges[edge_count];

    // Links of the block cache.
    Block* next_in_bucket = nullptr;
    Block* next_in_page[2] = {};
};

/// Longest block, in instructions.
inline constexpr unsigned max_block_instructions = 32;

}  // namespace ringfence::sim::isa::x86
