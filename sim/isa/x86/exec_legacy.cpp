// SPDX-License-Identifier: MIT
// Instructions that 64-bit mode does not have: decimal arithmetic, SALC and BOUND.
// [intel/vol1]: 7.3.3, 7.3.8.3; [intel/vol2]: the instructions
//
// Where the manual leaves status flags undefined, they are those of AL.
#include "sim/isa/x86/alu.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::Gpr;

constexpr Slot al = cpu::slot_of(Gpr::Rax);
constexpr Slot ah = cpu::slot_of(Gpr::Rax) + 1;
constexpr Slot ax = cpu::slot_of(Gpr::Rax);

constexpr u8 digit_mask = 0xf;
constexpr u8 highest_digit = 9;
/// What lies between 9 and the carry out of a digit, and out of two.
constexpr u8 digit_correction = 6;
constexpr u8 tens_correction = 0x60;
constexpr u8 highest_two_digits = 0x99;

bool needs_correction(const Cpu& cpu) {
    return (cpu.gpr.get<u8>(al) & digit_mask) > highest_digit || cpu.flags.af();
}

void set_flags(Cpu& cpu, bool carry, bool auxiliary) {
    cpu.flags.set_result_and(cpu.gpr.get<u8>(al), carry, false, auxiliary);
}

/// AAA and AAS, which adds or subtracts by `step` in AH and AL together.
template <int step>
void adjust_unpacked(Cpu& cpu, const Op& /*op*/) {
    constexpr int next_digit = 0x100;
    const bool corrects = needs_correction(cpu);
    if (corrects) {
        const int sum = cpu.gpr.get<u16>(ax) + step * (next_digit + digit_correction);
        cpu.gpr.set<u16>(ax, static_cast<u16>(sum));
    }
    cpu.gpr.set<u8>(al, cpu.gpr.get<u8>(al) & digit_mask);
    set_flags(cpu, corrects, corrects);
}

/// DAA and DAS.
template <int step>
void adjust_packed(Cpu& cpu, const Op& /*op*/) {
    const u8 old_al = cpu.gpr.get<u8>(al);
    const bool old_carry = cpu.flags.cf();
    const bool low = needs_correction(cpu);
    const bool high = old_al > highest_two_digits || old_carry;
    const int correction = (low ? digit_correction : 0) + (high ? tens_correction : 0);
    cpu.gpr.set<u8>(al, static_cast<u8>(old_al + step * correction));
    // Subtracting 6 from a smaller number borrows by itself.
    const bool borrows = step < 0 && low && old_al < digit_correction;
    set_flags(cpu, high || borrows, low);
}

/// AAD: two digits of base `immediate` become a number.
void ascii_adjust_before_division(Cpu& cpu, const Op& op) {
    const unsigned value =
        cpu.gpr.get<u8>(al) + cpu.gpr.get<u8>(ah) * static_cast<u8>(op.immediate);
    cpu.gpr.set<u16>(ax, static_cast<u8>(value));
    set_flags(cpu, false, false);
}

/// AAM: a number becomes two digits of base `immediate`.
bool ascii_adjust_after_multiplication(Cpu& cpu, const Op& op) {
    const auto base = static_cast<u8>(op.immediate);
    if (base == 0) {
        return cpu.raise(ExceptionVector::DivideError);
    }
    const u8 value = cpu.gpr.get<u8>(al);
    cpu.gpr.set<u8>(ah, value / base);
    cpu.gpr.set<u8>(al, value % base);
    set_flags(cpu, false, false);
    return true;
}

/// Not in Intel's manual; in every processor.
void set_al_from_carry(Cpu& cpu, const Op& /*op*/) {
    cpu.gpr.set<u8>(al, cpu.flags.cf() ? u8{0xff} : u8{0});
}

template <typename T>
struct Bounds {
    T lower;
    T upper;
};

template <typename T>
bool bound(Cpu& cpu, const Op& op) {
    using Signed = std::make_signed_t<T>;
    Bounds<Signed> bounds;
    if (!load(cpu, op, bounds)) {
        return false;
    }
    const auto index = static_cast<Signed>(cpu.gpr.get<T>(op.dst));
    return (bounds.lower <= index && index <= bounds.upper) ||
           cpu.raise(ExceptionVector::BoundRange);
}

template <auto semantics>
bool bind_plain(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}

template <auto semantics>
bool bind_base(const Instruction& in, OpBuilder& out) {
    out.op.immediate = static_cast<i32>(in.operand(0).imm.value.u);
    return out.straight<semantics>();
}

bool bind_bound(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    const bool wide = in.info.operand_width == 32;
    out.memory(in, in.operand(1), wide ? sizeof(Bounds<u32>) : sizeof(Bounds<u16>));
    return wide ? out.straight<bound<u32>>() : out.straight<bound<u16>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_AAA, bind_plain<adjust_unpacked<1>>},
    {ZYDIS_MNEMONIC_AAS, bind_plain<adjust_unpacked<-1>>},
    {ZYDIS_MNEMONIC_DAA, bind_plain<adjust_packed<1>>},
    {ZYDIS_MNEMONIC_DAS, bind_plain<adjust_packed<-1>>},
    {ZYDIS_MNEMONIC_AAD, bind_base<ascii_adjust_before_division>},
    {ZYDIS_MNEMONIC_AAM, bind_base<ascii_adjust_after_multiplication>},
    {ZYDIS_MNEMONIC_SALC, bind_plain<set_al_from_carry>},
    {ZYDIS_MNEMONIC_BOUND, bind_bound},
};

}  // namespace

std::span<const BinderRow> legacy_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
