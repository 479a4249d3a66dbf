// SPDX-License-Identifier: MIT
// The implied operands of string instructions: count, source and destination, for each address
// size. [intel/vol1]: 7.3.9
//
// Of the op: `extra` is the address size in bytes, `src` the source's segment register, `segment`
// the slot of its base in 64-bit mode.
#pragma once

#include <algorithm>

#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86::strings {

using cpu::Gpr;
using cpu::SegmentRegister;

/// The prefix, as the instruction takes it.
enum class Repeat : u8 { None, Always, WhileEqual, WhileNotEqual };

/// A REP instruction goes on with itself after this many iterations, so that even the longest one
/// lets the engine look at the world. It retires once more for each time.
inline constexpr u64 iterations_per_visit = u64{1} << 20;

/// How many iterations this visit may do. Debug traps come after each. [intel/vol3]: 18.3.1.4
inline u64 visit_allowance(const Cpu& cpu) {
    return cpu.single_step() || cpu.watches_operands() ? 1 : iterations_per_visit;
}

/// Goes on behind the instruction, or with its next iteration: then RF says that it has begun.
/// [intel/vol3]: 18.3.1.1
inline void end_visit(Cpu& cpu, const Op& op, bool complete) {
    if (complete) {
        cpu.rip = next_rip(cpu, op);
        return;
    }
    cpu.rip = rip_of(cpu, op);
    cpu.set_resume_flag();
}

RF_ALWAYS_INLINE u64 address_mask(const Op& op) {
    return low_mask(op.extra * 8U);
}
RF_ALWAYS_INLINE u64 read_index(const Cpu& cpu, const Op& op, Gpr r) {
    return cpu.gpr[r] & address_mask(op);
}
/// 32-bit registers clear bits 63:32, 16-bit ones keep the rest.
RF_ALWAYS_INLINE void write_index(Cpu& cpu, const Op& op, Gpr r, u64 value) {
    if (op.extra == sizeof(u16)) {
        cpu.gpr.set<u16>(cpu::slot_of(r), static_cast<u16>(value));
    } else {
        cpu.gpr[r] = value & address_mask(op);
    }
}
/// Moves `r` past `elements` of `bytes` each, in the direction that DF gives.
RF_ALWAYS_INLINE void advance(Cpu& cpu, const Op& op, Gpr r, u64 elements, unsigned bytes) {
    const u64 distance = elements * bytes * static_cast<u64>(cpu.direction);
    write_index(cpu, op, r, cpu.gpr[r] + distance);
}

inline bool source_address(Cpu& cpu, const Op& op, unsigned bytes, VirtualAddress& out) {
    const u64 offset = read_index(cpu, op, Gpr::Rsi);
    if (RF_LIKELY(cpu.code64())) {
        out = VirtualAddress{cpu.gpr.get<u64>(op.segment) + offset};
        return true;
    }
    return segmented_address(cpu, static_cast<SegmentRegister>(op.src), offset, bytes,
                             SegmentAccess::Read, out);
}

/// The destination is in ES, whatever the prefixes say.
inline bool destination_address(Cpu& cpu, const Op& op, unsigned bytes, SegmentAccess access,
                                VirtualAddress& out) {
    return segmented_address(cpu, SegmentRegister::Es, read_index(cpu, op, Gpr::Rdi), bytes, access,
                             out);
}

/// A stretch of elements that lie one after the other in one page.
struct Run {
    VirtualAddress address;
    u64 elements = 0;
};

/// The elements from the index in `r` on, at most `limit`, that reach neither the end of the page
/// nor of the segment, and do not wrap. None while DF is set.
inline Run contiguous(const Cpu& cpu, const Op& op, Gpr r, SegmentRegister segment, u64 base,
                      unsigned bytes, SegmentAccess access, u64 limit) {
    const u64 offset = read_index(cpu, op, r);
    if (cpu.direction < 0) {
        return {};
    }
    const u64 linear = cpu.code64() ? base + offset : static_cast<u32>(base + offset);
    Run run{.address = VirtualAddress{linear}};
    const u64 in_page = memory::page_size - run.address.offset_in(memory::page_size);
    run.elements = std::min({limit, in_page / bytes, (address_mask(op) - offset) / bytes});
    if (run.elements != 0 && !cpu.code64() &&
        !segment_permits(cpu, segment, offset, run.elements * bytes, access)) {
        run.elements = 0;
    }
    return run;
}

inline Run source_run(const Cpu& cpu, const Op& op, unsigned bytes, u64 limit) {
    const auto segment = static_cast<SegmentRegister>(op.src);
    const u64 base = cpu.code64() ? cpu.gpr.get<u64>(op.segment) : cpu.gpr.base(segment);
    return contiguous(cpu, op, Gpr::Rsi, segment, base, bytes, SegmentAccess::Read, limit);
}

inline Run destination_run(const Cpu& cpu, const Op& op, unsigned bytes, SegmentAccess access,
                           u64 limit) {
    const u64 base = cpu.code64() ? 0 : cpu.gpr.base(SegmentRegister::Es);
    return contiguous(cpu, op, Gpr::Rdi, SegmentRegister::Es, base, bytes, access, limit);
}

/// Fills in what the accessors above need. `source` is the operand at rSI, or nullptr.
void describe(const Instruction& instruction, const ZydisDecodedOperand* source, Op& op);
/// The memory operand whose address is in rSI, or in rDI.
const ZydisDecodedOperand* source_operand(const Instruction& instruction);
const ZydisDecodedOperand* destination_operand(const Instruction& instruction);
/// `conditional`: for SCAS and CMPS, where REPE and REPNE differ.
Repeat repeat_prefix(const Instruction& instruction, bool conditional);

}  // namespace ringfence::sim::isa::x86::strings
