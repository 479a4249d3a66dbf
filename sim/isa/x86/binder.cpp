// SPDX-License-Identifier: MIT
#include "sim/isa/x86/binder.h"

#include <vector>

#include "sim/isa/x86/address.h"
#include "sim/isa/x86/block_builder.h"
#include "sim/isa/x86/transaction.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::ExecutionMode;
using cpu::SegmentRegister;

bool raise_undefined(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::InvalidOpcode);
}

bool raise_no_device(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::DeviceNotAvailable);
}

/// Binds to the exception that `unit` raises in this mode; false if the unit is available.
/// [intel/vol3]: 2.5, tables 2-2 and 2-3; 14.1
bool bind_unavailable(const Instruction& instruction, Unit unit, OpBuilder& out) {
    const bool emulated = ExecutionMode::no_x87.test(instruction.mode);
    const bool switched = ExecutionMode::task_switched.test(instruction.mode);
    const bool no_sse = ExecutionMode::no_sse.test(instruction.mode);
    if (unit == Unit::Integer) {
        return false;
    }
    if (unit == Unit::X87) {
        return (emulated || switched) && out.straight<raise_no_device>();
    }
    // VEX-encoded instructions do not look at CR0.EM and CR4.OSFXSR. [intel/vol2]: 2.4
    const bool missing = unit == Unit::Avx ? ExecutionMode::no_avx.test(instruction.mode)
                                           : emulated || (unit == Unit::Sse && no_sse);
    if (missing) {
        return out.straight<raise_undefined>();
    }
    return switched && out.straight<raise_no_device>();
}

/// The rows of each mnemonic, in their order.
class RowTable {
public:
    RowTable() : rows_(ZYDIS_MNEMONIC_MAX_VALUE + 1) {
        for (const auto group : {arithmetic_rows(),
                                 logic_rows(),
                                 shift_rows(),
                                 multiply_rows(),
                                 bit_rows(),
                                 bit_manipulation_rows(),
                                 data_transfer_rows(),
                                 exchange_rows(),
                                 stack_rows(),
                                 flag_rows(),
                                 control_flow_rows(),
                                 far_control_flow_rows(),
                                 string_rows(),
                                 port_rows(),
                                 segment_rows(),
                                 system_rows(),
                                 system_register_rows(),
                                 fast_call_rows(),
                                 transaction_rows(),
                                 legacy_rows(),
                                 xsave_rows(),
                                 miscellaneous_rows(),
                                 fpu_control_rows(),
                                 x87_rows(),
                                 mmx_rows(),
                                 sse_rows(),
                                 avx_rows()}) {
            for (const BinderRow& row : group) {
                rows_[row.mnemonic].push_back(row);
            }
        }
    }
    [[nodiscard]] std::span<const BinderRow> of(ZydisMnemonic mnemonic) const {
        return rows_[mnemonic];
    }

private:
    std::vector<std::vector<BinderRow>> rows_;
};

bool is_stack_segment(const ZydisDecodedOperand& operand) {
    return operand.mem.segment == ZYDIS_REGISTER_SS;
}

SegmentRegister segment_of(ZydisRegister reg) {
    return static_cast<SegmentRegister>(reg - ZYDIS_REGISTER_ES);
}

/// Base, index, scale and displacement into `op`.
void describe_offset(const Instruction& instruction, const ZydisDecodedOperand& operand, Op& op) {
    const auto& mem = operand.mem;
    op.displacement = mem.disp.has_displacement ? static_cast<u64>(mem.disp.value) : 0;
    if (mem.base == ZYDIS_REGISTER_RIP || mem.base == ZYDIS_REGISTER_EIP) {
        op.displacement += instruction.next_rip();
    } else {
        op.base = OpBuilder::optional_slot(mem.base);
    }
    op.index = OpBuilder::optional_slot(mem.index);
    op.scale = shift_of_scale(mem.scale);
}

}  // namespace

bool Instruction::stays_on_page(u64 target) const {
    if (ExecutionMode::segmented_code.test(mode)) {
        return false;  // pages of offsets are no pages of addresses
    }
    const u64 page = rip / memory::page_size;
    return target / memory::page_size == page && (next_rip() - 1) / memory::page_size == page;
}

void OpBuilder::memory(const Instruction& instruction, const ZydisDecodedOperand& operand,
                       unsigned bytes) {
    const SegmentRegister segment = segment_of(operand.mem.segment);
    op.stack_segment = is_stack_segment(operand);
    if (instruction.code64() && instruction.info.address_width == 64) {
        describe_offset(instruction, operand, op);
        // LEA has no segment: Zydis reports none for it.
        op.segment = base_slot64(segment);
        return;
    }
    preparation_ = Op{};
    describe_offset(instruction, operand, preparation_);
    preparation_.stack_segment = op.stack_segment;
    const bool writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    preparation_.handler =
        prepare_address_handler({.code64 = instruction.code64(),
                                 .address_bits = instruction.info.address_width,
                                 .segment = segment,
                                 .has_segment = operand.mem.type != ZYDIS_MEMOP_TYPE_AGEN,
                                 .writes = writes,
                                 .bytes = bytes},
                                preparation_);
    op.base = cpu::address_slot;
    op.index = op.segment = cpu::zero_slot;
    op.scale = 0;
    op.displacement = 0;
}

Slot OpBuilder::slot(ZydisRegister reg) {
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        return static_cast<Slot>((reg - ZYDIS_REGISTER_AH) * 8 + 1);
    }
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
        return static_cast<Slot>((reg - ZYDIS_REGISTER_AL) * 8);
    }
    const auto number = static_cast<u8>(
        ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)));
    RF_ASSERT(number < 16);
    return static_cast<Slot>(number * 8);
}

std::span<const BinderRow> binder_rows(ZydisMnemonic mnemonic) {
    static const RowTable table;
    return table.of(mnemonic);
}

bool bind(const Instruction& instruction, OpBuilder& out) {
    if (aborts_transaction(instruction)) {
        return bind_abort(instruction, out);
    }
    for (const BinderRow& row : binder_rows(instruction.info.mnemonic)) {
        OpBuilder attempt = out;
        if (bind_unavailable(instruction, row.unit, attempt) || row.binder(instruction, attempt)) {
            out = attempt;
            return true;
        }
    }
    return false;
}

}  // namespace ringfence::sim::isa::x86
