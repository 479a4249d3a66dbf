// SPDX-License-Identifier: MIT
// Decodes a block from guest memory.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "sim/isa/x86/block.h"
#include "sim/isa/x86/decoder.h"
#include "sim/isa/x86/stop_points.h"
#include "sim/isa/x86/timed_instruction.h"

namespace ringfence::sim::isa::x86 {

/// Most ops of an instruction, without the one that times it: checks for a breakpoint and of its
/// fetch, two of alignment, each with the computation of its address, one more such computation,
/// and itself.
inline constexpr unsigned max_instruction_ops = 8;
/// Most ops of a block; one goes on behind the last instruction.
inline constexpr unsigned max_block_ops = (max_instruction_ops + 1) * max_block_instructions + 1;

/// A block ends after a branch or any instruction that may change the mode or must be followed by a
/// look at interrupts, at the end of its page, before a stop point, and after
/// `max_block_instructions`. Where it ends depends on where it begins and on the bytes, never on
/// what ran before. An instruction that crosses into the next page is a block of its own.
///
/// Timed blocks have an op in front of each instruction that gives it its cycles and counts it;
/// entering such a block counts nothing.
class BlockBuilder {
public:
    /// All outlive the builder.
    BlockBuilder(Cpu& cpu, memory::PhysicalMemory& memory, const StopPoints& stops);

    /// Decodes from cpu.rip, which translation has put at `physical`. False if the first
    /// instruction raises an exception while it is fetched: it is in cpu.pending. Instructions that
    /// raise one for their encoding (#UD, too long) become ops that do so.
    bool build(PhysicalAddress physical, u64 linear);

    /// As `build`, without looking at a second page: false for an instruction that runs into one.
    bool build_within_page(PhysicalAddress physical);

    /// No block of any earlier build will run again.
    void forget_blocks() { timed_instructions_.clear(); }

    /// The ops of the last build.
    [[nodiscard]] std::span<const Op> ops() const { return ops_; }
    /// Copies what the last build found out into a block that holds its ops.
    void describe(Block& block) const;

private:
    void start(PhysicalAddress physical);
    [[nodiscard]] bool is_full() const;
    std::span<const u8> append_from_page(PhysicalAddress physical);
    void open_timed(const TimedInstruction& instruction);
    void close_timed();
    void discard_timed();
    bool build_crossing(u64 linear, std::span<const u8> first_part);
    bool append(std::span<const u8> bytes);
    bool append_decoded(const Instruction& instruction, std::span<const u8> bytes);
    void append_checks(const Instruction& instruction);
    void append_check(Op check, unsigned length);
    void append_breakpoint_check(unsigned length);
    void append_faulting(Handler handler, unsigned length);
    void append_undefined(const Instruction& instruction, std::span<const u8> bytes);
    void close();
    [[nodiscard]] u64 position() const { return found_.rip + found_.bytes; }

    Cpu& cpu_;
    memory::PhysicalMemory& memory_;
    const StopPoints& stops_;
    Decoder decoder_;
    std::vector<Op> ops_;
    /// What timing ops point to; a deque, because they stay where they are.
    std::deque<TimedInstruction> timed_instructions_;
    usize first_op_of_instruction_ = 0;
    std::array<u8, memory::page_size> page_;
    Block found_;
    bool ended_ = false;
};

/// Finds and calls the binder of an instruction, after checking that its unit is available. False
/// if nothing implements it.
bool bind(const Instruction& instruction, OpBuilder& out);

}  // namespace ringfence::sim::isa::x86
