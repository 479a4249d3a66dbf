// SPDX-License-Identifier: MIT
// x87 loads, stores, constants and register moves. [intel/vol2]: FLD, FST, FILD, FIST, FISTTP,
// FBLD, FBSTP, FLDPI and its like, FXCH, FCMOVcc
#include <array>
#include <limits>

#include "sim/isa/x86/x87_decimal.h"
#include "sim/isa/x86/x87_stack.h"

namespace ringfence::sim::isa::x86::x87 {

namespace {

using cpu::Float80Image;

// Loads ---------------------------------------------------------------------------------------

/// Pushes `value`, computed in `environment`; a full stack is found first. Only an unmasked invalid
/// operand forbids the push: a denormal one is loaded and reported.
void push_result(FpuState& fpu, const Environment& environment, const Float80& value) {
    if (fpu.is_empty(7)) {
        settle(fpu, environment);
        const unsigned unmasked = environment.raised & ~unsigned{environment.masked};
        if ((unmasked & exception::invalid) != 0) {
            return;
        }
    }
    push(fpu, value);
}

Float80 to_register(Environment& environment, u32 value) {
    return soft_float::extend(environment, soft_float::unpack(environment, value));
}
Float80 to_register(Environment& environment, u64 value) {
    return soft_float::extend(environment, soft_float::unpack(environment, value));
}
Float80 to_register(Environment&, const Float80Image& value) {
    return {value.significand, value.sign_exponent};
}
template <typename Integer>
    requires std::is_signed_v<Integer>
Float80 to_register(Environment&, Integer value) {
    Environment exact;
    return soft_float::from_integer<Float80>(exact, value);
}
Float80 to_register(Environment&, const DecimalImage& value) {
    Environment exact;
    Float80 result = soft_float::from_integer<Float80>(exact, magnitude_of(value));
    result.sign_exponent =
        static_cast<u16>(result.sign_exponent | (is_negative(value) ? 0x8000 : 0));
    return result;
}

template <typename M>
bool fld_memory(Cpu& cpu, const Op& op) {
    M value;
    if (!begin(cpu) || !load(cpu, op, value)) {
        return false;
    }
    record_memory(cpu, op);
    Environment environment = environment_of(cpu.fpu);
    const Float80 result = to_register(environment, value);
    push_result(cpu.fpu, environment, result);
    return true;
}

bool fld_register(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (!fpu.is_empty(op.dst)) {
        push_result(fpu, environment_of(fpu), st(fpu, op.dst));
    } else if (stack_underflow(fpu)) {
        push_unchecked(fpu, indefinite());
    }
    return true;
}

/// A constant to 128 bits; it is rounded as FCW says, and never inexact. [intel/vol2]: FLD1
struct Constant {
    i32 exponent;
    u64 high;
    u64 low;
};
constexpr Constant one{0, 0x8000'0000'0000'0000, 0};
constexpr Constant log2_10{1, 0xd49a'784b'cd1b'8afe, 0x492b'f6ff'4daf'db4c};
constexpr Constant log2_e{0, 0xb8aa'3b29'5c17'f0bb, 0xbe87'fed0'691d'3e88};
constexpr Constant pi{1, 0xc90f'daa2'2168'c234, 0xc4c6'628b'80dc'1cd1};
constexpr Constant log10_2{-2, 0x9a20'9a84'fbcf'f798, 0x8f89'59ac'0b7c'9178};
constexpr Constant ln_2{-1, 0xb172'17f7'd1cf'79ab, 0xc9e3'b398'03f2'f6af};

template <Constant constant>
bool fld_constant(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    record(cpu, op);
    Environment environment{.rounding = environment_of(cpu.fpu).rounding};
    const Float80 value = soft_float::round_and_pack<Float80>(
        environment, {.sign = false,
                      .exponent = constant.exponent,
                      .significand = soft_float::u128{constant.high} << 64 | constant.low});
    push_result(cpu.fpu, environment_of(cpu.fpu), value);
    return true;
}

bool fldz(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    record(cpu, op);
    push_result(cpu.fpu, environment_of(cpu.fpu), Float80{});
    return true;
}

// Stores --------------------------------------------------------------------------------------

template <typename Bits>
struct FloatStore {
    using Image = Bits;
    static Bits convert(Environment& environment, const Float80& value) {
        Unpacked a = soft_float::unpack(environment, value);
        a.denormal = false;  // storing one is no operation on a denormal
        return soft_float::convert<Bits>(environment, a);
    }
    static Bits invalid() { return soft_float::indefinite<Bits>(); }
};
struct ExtendedStore {
    using Image = Float80Image;
    static Image convert(Environment&, const Float80& value) {
        return {value.significand, value.sign_exponent};
    }
    static Image invalid() { return {indefinite().significand, indefinite().sign_exponent}; }
};
enum class Truncation : u8 { ByControl, Always };
template <typename Integer, Truncation truncation>
struct IntegerStore {
    using Image = Integer;
    static Integer convert(Environment& environment, const Float80& value) {
        const Rounding rounding =
            truncation == Truncation::Always ? Rounding::TowardZero : environment.rounding;
        return static_cast<Integer>(soft_float::to_integer(
            environment, soft_float::unpack(environment, value), sizeof(Integer) * 8, rounding));
    }
    static Integer invalid() { return std::numeric_limits<Integer>::min(); }
};
struct DecimalStore {
    using Image = DecimalImage;
    static Image convert(Environment& environment, const Float80& value) {
        return to_decimal(environment, soft_float::unpack(environment, value));
    }
    static Image invalid() { return decimal_indefinite; }
};

/// A store to memory may not happen at all after an unmasked overflow or underflow either.
bool may_store(const Environment& environment) {
    constexpr u8 forbidding = exception::before_result | exception::overflow | exception::underflow;
    return (environment.raised & ~unsigned{environment.masked} & forbidding) == 0;
}

/// A store that will not happen still reports the faults of its operand first.
bool probe(Cpu& cpu, const Op& op, usize bytes) {
    return cpu.mmu.probe_write(linear_address(cpu, op), bytes) || memory_fault(cpu, op);
}

template <typename Store>
bool store_empty(Cpu& cpu, const Op& op, unsigned pops) {
    const bool masked = (control::Masks::get(cpu.fpu.control) & exception::invalid) != 0;
    if (masked ? !store(cpu, op, Store::invalid()) : !probe(cpu, op, sizeof(Store::invalid()))) {
        return false;
    }
    record_memory(cpu, op);
    if (stack_underflow(cpu.fpu)) {
        pop(cpu.fpu, pops);
    }
    return true;
}

template <typename Store, unsigned pops>
bool fst_memory(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    if (fpu.is_empty(0)) {
        return store_empty<Store>(cpu, op, pops);
    }
    Environment environment = environment_of(fpu);
    const typename Store::Image value = Store::convert(environment, st(fpu, 0));
    const bool stored = may_store(environment);
    if (stored ? !store(cpu, op, value) : !probe(cpu, op, sizeof(value))) {
        return false;
    }
    record_memory(cpu, op);
    if (!stored) {
        environment.raised &= static_cast<u8>(~exception::inexact);
    }
    settle(fpu, environment);
    pop(fpu, stored ? pops : 0);
    return true;
}

template <unsigned pops>
bool fst_register(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (!fpu.is_empty(0)) {
        set_c1(fpu, false);
        set_st(fpu, op.dst, st(fpu, 0));
    } else if (stack_underflow(fpu)) {
        set_st(fpu, op.dst, indefinite());
    } else {
        return true;
    }
    pop(fpu, pops);
    return true;
}

// Register moves ------------------------------------------------------------------------------

bool fxch(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    const bool empty = fpu.is_empty(0) || fpu.is_empty(op.dst);
    if (empty && !stack_underflow(fpu)) {
        return true;
    }
    const Float80 a = fpu.is_empty(0) ? indefinite() : st(fpu, 0);
    const Float80 b = fpu.is_empty(op.dst) ? indefinite() : st(fpu, op.dst);
    set_c1(fpu, false);
    set_st(fpu, 0, b);
    set_st(fpu, op.dst, a);
    return true;
}

bool below(const cpu::LazyFlags& flags) {
    return flags.cf();
}
bool equal(const cpu::LazyFlags& flags) {
    return flags.zf();
}
bool below_or_equal(const cpu::LazyFlags& flags) {
    return flags.cf() || flags.zf();
}
bool unordered(const cpu::LazyFlags& flags) {
    return flags.pf();
}

template <auto condition, bool wanted>
bool fcmov(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    FpuState& fpu = cpu.fpu;
    record(cpu, op);
    if (fpu.is_empty(0) || fpu.is_empty(op.src)) {
        if (stack_underflow(fpu)) {
            set_st(fpu, 0, indefinite());
        }
        return true;
    }
    if (condition(cpu.flags) == wanted) {
        set_st(fpu, 0, st(fpu, op.src));
    }
    return true;
}

// Rows ----------------------------------------------------------------------------------------

template <typename Store, unsigned pops>
bool bind_store(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<fst_memory<Store, pops>, sizeof(typename Store::Image)>(instruction, out);
}
bool bind_fld(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<fld_memory<u32>, 4>(instruction, out) ||
           bind_memory<fld_memory<u64>, 8>(instruction, out) ||
           bind_memory<fld_memory<Float80Image>, 10>(instruction, out) ||
           bind_register<fld_register>(instruction, out);
}
template <unsigned pops>
bool bind_fst(const Instruction& instruction, OpBuilder& out) {
    return bind_store<FloatStore<u32>, pops>(instruction, out) ||
           bind_store<FloatStore<u64>, pops>(instruction, out) ||
           bind_store<ExtendedStore, pops>(instruction, out) ||
           bind_register<fst_register<pops>>(instruction, out);
}
bool bind_fild(const Instruction& instruction, OpBuilder& out) {
    return bind_memory<fld_memory<i16>, 2>(instruction, out) ||
           bind_memory<fld_memory<i32>, 4>(instruction, out) ||
           bind_memory<fld_memory<i64>, 8>(instruction, out);
}
template <Truncation truncation, unsigned pops>
bool bind_fist(const Instruction& instruction, OpBuilder& out) {
    return bind_store<IntegerStore<i16, truncation>, pops>(instruction, out) ||
           bind_store<IntegerStore<i32, truncation>, pops>(instruction, out) ||
           bind_store<IntegerStore<i64, truncation>, pops>(instruction, out);
}
template <Constant constant>
constexpr BinderRow constant_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_plain<fld_constant<constant>>, Unit::X87};
}
template <auto condition, bool wanted>
constexpr BinderRow fcmov_row(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_two_registers<fcmov<condition, wanted>>, Unit::X87};
}

constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_FLD, &bind_fld, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FST, &bind_fst<0>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FSTP, &bind_fst<1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FSTPNCE, &bind_register<fst_register<1>>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FILD, &bind_fild, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FIST, &bind_fist<Truncation::ByControl, 0>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FISTP, &bind_fist<Truncation::ByControl, 1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FISTTP, &bind_fist<Truncation::Always, 1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FBLD, &bind_memory<fld_memory<DecimalImage>, 10>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FBSTP, &bind_store<DecimalStore, 1>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FXCH, &bind_register<fxch>, Unit::X87},
    BinderRow{ZYDIS_MNEMONIC_FLDZ, &bind_plain<fldz>, Unit::X87},
    constant_row<one>(ZYDIS_MNEMONIC_FLD1),
    constant_row<log2_10>(ZYDIS_MNEMONIC_FLDL2T),
    constant_row<log2_e>(ZYDIS_MNEMONIC_FLDL2E),
    constant_row<pi>(ZYDIS_MNEMONIC_FLDPI),
    constant_row<log10_2>(ZYDIS_MNEMONIC_FLDLG2),
    constant_row<ln_2>(ZYDIS_MNEMONIC_FLDLN2),
    fcmov_row<below, true>(ZYDIS_MNEMONIC_FCMOVB),
    fcmov_row<below, false>(ZYDIS_MNEMONIC_FCMOVNB),
    fcmov_row<equal, true>(ZYDIS_MNEMONIC_FCMOVE),
    fcmov_row<equal, false>(ZYDIS_MNEMONIC_FCMOVNE),
    fcmov_row<below_or_equal, true>(ZYDIS_MNEMONIC_FCMOVBE),
    fcmov_row<below_or_equal, false>(ZYDIS_MNEMONIC_FCMOVNBE),
    fcmov_row<unordered, true>(ZYDIS_MNEMONIC_FCMOVU),
    fcmov_row<unordered, false>(ZYDIS_MNEMONIC_FCMOVNU),
};

}  // namespace

std::span<const BinderRow> transfer_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::x87
