// SPDX-License-Identifier: MIT
#include "sim/isa/x86/x87_stack.h"

#include <vector>

namespace ringfence::sim::isa::x86 {

namespace x87 {

namespace {

u8 precision_of(const FpuState& fpu) {
    switch (control::PrecisionControl::get(fpu.control)) {
        case 0:
            return soft_float::Format<u32>::precision;
        case 2:
            return soft_float::Format<u64>::precision;
        default:
            return soft_float::Format<Float80>::precision;
    }
}

bool invalid_stack(FpuState& fpu, bool overflow) {
    fpu.status |= exception::invalid | status::StackFault::mask;
    set_c1(fpu, overflow);
    fpu.update_error_summary();
    return (control::Masks::get(fpu.control) & exception::invalid) != 0;
}

}  // namespace

Environment environment_of(const FpuState& fpu) {
    return {.rounding = static_cast<Rounding>(control::RoundingControl::get(fpu.control)),
            .masked = static_cast<u8>(control::Masks::get(fpu.control)),
            .precision = precision_of(fpu)};
}

void record(Cpu& cpu, const Op& op) {
    cpu.fpu.last_instruction_pointer = next_rip(cpu, op) - op.length;
    cpu.fpu.last_opcode = static_cast<u16>(op.immediate);
}

void record_memory(Cpu& cpu, const Op& op) {
    record(cpu, op);
    cpu.fpu.last_data_pointer = linear_address(cpu, op).value() - cpu.gpr.get<u64>(op.segment);
}

void set_condition(FpuState& fpu, unsigned c3, unsigned c2, unsigned c0) {
    fpu.status = status::C3::set(fpu.status, static_cast<u16>(c3));
    fpu.status = status::C2::set(fpu.status, static_cast<u16>(c2));
    fpu.status = status::C0::set(fpu.status, static_cast<u16>(c0));
}

void set_c1(FpuState& fpu, bool value) {
    fpu.status = status::C1::set(fpu.status, value ? 1 : 0);
}

bool settle(FpuState& fpu, const Environment& environment) {
    const unsigned unmasked = environment.raised & ~unsigned{environment.masked};
    const bool early = (unmasked & exception::before_result) != 0;
    const unsigned reported =
        environment.raised & (early ? exception::before_result : exception::all);
    fpu.status = static_cast<u16>(fpu.status | reported);
    set_c1(fpu, environment.rounded_up && (reported & exception::inexact) != 0);
    fpu.update_error_summary();
    return !early;
}

bool stack_underflow(FpuState& fpu) {
    return invalid_stack(fpu, false);
}
bool stack_overflow(FpuState& fpu) {
    return invalid_stack(fpu, true);
}

void push(FpuState& fpu, const Float80& value) {
    const bool overflow = !fpu.is_empty(7);
    if (overflow && !stack_overflow(fpu)) {
        return;
    }
    push_unchecked(fpu, overflow ? indefinite() : value);
}

bool is_st(const Instruction& instruction, unsigned i, u8& number) {
    if (!instruction.is_register(i)) {
        return false;
    }
    const int index = instruction.operand(i).reg.value - ZYDIS_REGISTER_ST0;
    number = static_cast<u8>(index);
    return index >= 0 && index < 8;
}

void bind_opcode(const Instruction& instruction, OpBuilder& out) {
    using EscapeLow = Bitfield<0, 3, u8>;
    const auto& modrm = instruction.info.raw.modrm;
    const unsigned second = unsigned{modrm.mod} << 6 | unsigned{modrm.reg} << 3 | modrm.rm;
    out.op.immediate =
        static_cast<i32>(unsigned{EscapeLow::get(instruction.info.opcode)} << 8 | second);
}

}  // namespace x87

std::span<const BinderRow> x87_rows() {
    static const std::vector<BinderRow> rows = [] {
        std::vector<BinderRow> all;
        for (const auto part : {x87::arithmetic_rows(), x87::compare_rows(), x87::transfer_rows(),
                                x87::math_rows(), x87::transcendental_rows()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return rows;
}

}  // namespace ringfence::sim::isa::x86
