// SPDX-License-Identifier: MIT
#include "sim/isa/x86/address.h"

#include "base/bits.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::SegmentRegister;

// In a preparing op: `dst` is the segment register, `src` the address size in bits, `extra` is 1
// for a write, `immediate` the size of the access.

u64 offset_of(const Cpu& cpu, const Op& op) {
    const u64 sum =
        cpu.gpr.get<u64>(op.base) + (cpu.gpr.get<u64>(op.index) << op.scale) + op.displacement;
    return sum & low_mask(op.src);
}

/// 32-bit addresses in 64-bit mode. `segment` is the slot of the base.
void prepare_address64(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u64>(cpu::address_slot, offset_of(cpu, op) + cpu.gpr.get<u64>(op.segment));
}

/// Offsets everywhere but in 64-bit mode.
bool prepare_address32(Cpu& cpu, const Op& op) {
    const SegmentAccess access = op.extra != 0 ? SegmentAccess::Write : SegmentAccess::Read;
    VirtualAddress address;
    if (!segmented_address(cpu, static_cast<SegmentRegister>(op.dst), offset_of(cpu, op),
                           static_cast<u64>(op.immediate), access, address)) {
        return false;
    }
    cpu.gpr.set<u64>(cpu::address_slot, address.value());
    return true;
}

/// LEA: the offset alone.
void prepare_offset(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u64>(cpu::address_slot, offset_of(cpu, op));
}

}  // namespace

Handler prepare_address_handler(const OperandAddress& operand, Op& op) {
    op.src = static_cast<u8>(operand.address_bits);
    if (!operand.has_segment) {
        return &straight<prepare_offset>;
    }
    if (operand.code64) {
        op.segment = base_slot64(operand.segment);
        return &straight<prepare_address64>;
    }
    op.dst = static_cast<u8>(operand.segment);
    op.extra = operand.writes ? 1 : 0;
    op.immediate = static_cast<i32>(operand.bytes);
    return &straight<prepare_address32>;
}

}  // namespace ringfence::sim::isa::x86
