// SPDX-License-Identifier: MIT
// Memory operands whose index is a lane of a vector register. [intel/vol2]: 2.3.12, VSIB
#pragma once

#include "sim/isa/x86/address.h"
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86::avx {

/// The part of the address that all lanes have in common. In an Op, `base`, `segment` and
/// `displacement` are as for any memory operand, `extra` is the number of the index register and
/// `immediate` the rest.
class GatherAddress {
public:
    /// Fills in the parts of `out` that are the operand's.
    static void describe(const Instruction& in, const ZydisDecodedOperand& operand, Op& out) {
        const auto& memory = operand.mem;
        out.base = OpBuilder::optional_slot(memory.base);
        out.displacement =
            memory.disp.has_displacement != 0 ? static_cast<u64>(memory.disp.value) : 0;
        out.extra = static_cast<u8>(ZydisRegisterGetId(memory.index));
        out.stack_segment = memory.segment == ZYDIS_REGISTER_SS;
        const unsigned number = static_cast<unsigned>(memory.segment - ZYDIS_REGISTER_ES);
        out.segment = base_slot64(static_cast<cpu::SegmentRegister>(number));
        out.immediate = static_cast<i32>(shift.make(shift_of_scale(memory.scale)) |
                                         segment_number.make(number) |
                                         (in.info.address_width == 32 ? short_addresses.mask : 0));
    }

    explicit GatherAddress(const Op& op)
        : common_(static_cast<u32>(op.immediate)),
          segment_(static_cast<cpu::SegmentRegister>(segment_number.get(common_))),
          offset_mask_(short_addresses.test(common_) ? low_mask<u64>(32) : ~u64{0}) {}

    /// Where the lane with `index` lies, of `bytes`. False: the segment forbids it, and cpu.pending
    /// says so.
    [[nodiscard]] bool resolve(Cpu& cpu, const Op& op, i64 index, u64 bytes,
                               VirtualAddress& out) const {
        const u64 offset = offset_of(cpu, op, index);
        if (cpu.code64()) {
            out = VirtualAddress{offset + cpu.gpr.get<u64>(op.segment)};
            return true;
        }
        return segmented_address(cpu, segment_, offset, bytes, SegmentAccess::Read, out);
    }

private:
    static constexpr Bitfield<0, 2, u32> shift{};
    static constexpr Flag<2, u32> short_addresses{};
    static constexpr Bitfield<3, 3, u32> segment_number{};

    [[nodiscard]] u64 offset_of(const Cpu& cpu, const Op& op, i64 index) const {
        const u64 scaled = static_cast<u64>(index) << shift.get(common_);
        return (cpu.gpr.get<u64>(op.base) + op.displacement + scaled) & offset_mask_;
    }

    u32 common_;
    cpu::SegmentRegister segment_;
    u64 offset_mask_;
};

}  // namespace ringfence::sim::isa::x86::avx
