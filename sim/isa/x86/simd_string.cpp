// SPDX-License-Identifier: MIT
#include "sim/isa/x86/simd_string.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/isa/x86/simd_operands.h"

namespace ringfence::sim::isa::x86 {

namespace {

/// The fields of imm8. [intel/vol2]: table 4-1 to 4-6
struct Control {
    static constexpr Flag<0, u8> words{};
    static constexpr Flag<1, u8> is_signed{};
    static constexpr Bitfield<2, 2, u8> aggregation{};
    static constexpr Flag<4, u8> negate{};
    static constexpr Flag<5, u8> only_valid{};
    /// Of an index: the most significant; of a mask: one element each.
    static constexpr Flag<6, u8> last_or_expanded{};
};
enum class Aggregation : u8 { EqualAny, Ranges, EqualEach, EqualOrdered };

/// One operand: its elements, widened, and how many of them count.
struct Fragment {
    std::array<i32, 16> element{};
    int length = 0;

    [[nodiscard]] bool valid(int i) const { return i < length; }
};

int element_count(u8 imm) {
    return Control::words.test(imm) ? 8 : 16;
}

template <typename T>
void fill(Fragment& fragment, Xmm value) {
    const auto x = lanes<T>(value);
    for (int i = 0; i < lane_count<T, Xmm>; ++i) {
        fragment.element[static_cast<usize>(i)] = x[i];
    }
}

Fragment elements_of(Xmm value, u8 imm) {
    Fragment fragment;
    const bool is_signed = Control::is_signed.test(imm);
    if (Control::words.test(imm)) {
        is_signed ? fill<i16>(fragment, value) : fill<u16>(fragment, value);
    } else {
        is_signed ? fill<i8>(fragment, value) : fill<u8>(fragment, value);
    }
    return fragment;
}

/// Implicit length: up to the first zero element.
Fragment terminated(Xmm value, u8 imm) {
    Fragment fragment = elements_of(value, imm);
    const int count = element_count(imm);
    while (fragment.length < count && fragment.element[static_cast<usize>(fragment.length)] != 0) {
        ++fragment.length;
    }
    return fragment;
}

/// Explicit length: the magnitude of a register, at most the number of elements.
Fragment counted(Xmm value, u8 imm, i64 length) {
    Fragment fragment = elements_of(value, imm);
    const u64 magnitude = length < 0 ? 0 - static_cast<u64>(length) : static_cast<u64>(length);
    fragment.length = static_cast<int>(std::min<u64>(magnitude, element_count(imm)));
    return fragment;
}

bool equal_any(const Fragment& set, const Fragment& text, int j, int) {
    if (!text.valid(j)) {
        return false;
    }
    const auto end = set.element.begin() + set.length;
    return std::find(set.element.begin(), end, text.element[static_cast<usize>(j)]) != end;
}
bool in_ranges(const Fragment& bounds, const Fragment& text, int j, int) {
    if (!text.valid(j)) {
        return false;
    }
    const i32 value = text.element[static_cast<usize>(j)];
    for (usize i = 0; i + 1 < static_cast<usize>(bounds.length); i += 2) {
        if (value >= bounds.element[i] && value <= bounds.element[i + 1]) {
            return true;
        }
    }
    return false;
}
bool equal_each(const Fragment& a, const Fragment& b, int j, int) {
    if (!a.valid(j) || !b.valid(j)) {
        return a.valid(j) == b.valid(j);
    }
    return a.element[static_cast<usize>(j)] == b.element[static_cast<usize>(j)];
}
/// Whether the needle starts at `j`, as far as both can be seen.
bool equal_ordered(const Fragment& needle, const Fragment& text, int j, int count) {
    for (int k = 0; j + k < count && needle.valid(k); ++k) {
        if (!text.valid(j + k) ||
            needle.element[static_cast<usize>(k)] != text.element[static_cast<usize>(j + k)]) {
            return false;
        }
    }
    return true;
}

/// IntRes1 of the manual: one bit for each element of the second operand.
u32 aggregate(const Fragment& a, const Fragment& b, u8 imm) {
    constexpr std::array functions = {&equal_any, &in_ranges, &equal_each, &equal_ordered};
    const int count = element_count(imm);
    u32 bits = 0;
    for (int j = 0; j < count; ++j) {
        const bool match = functions[Control::aggregation.get(imm)](a, b, j, count);
        bits |= (match ? 1u : 0u) << j;
    }
    return bits;
}

/// IntRes2: with the polarity applied.
u32 polarize(u32 bits, const Fragment& b, u8 imm) {
    if (!Control::negate.test(imm)) {
        return bits;
    }
    const unsigned count =
        static_cast<unsigned>(Control::only_valid.test(imm) ? b.length : element_count(imm));
    return bits ^ low_mask<u32>(count);
}

u32 index_of(u32 bits, u8 imm) {
    if (bits == 0) {
        return static_cast<u32>(element_count(imm));
    }
    return static_cast<u32>(Control::last_or_expanded.test(imm) ? 31 - std::countl_zero(bits)
                                                                : std::countr_zero(bits));
}

Xmm mask_of(u32 bits, u8 imm) {
    if (!Control::last_or_expanded.test(imm)) {
        return {.low = bits, .high = 0};
    }
    const auto element = [&](int i) { return (bits >> i & 1) != 0 ? -1 : 0; };
    return Control::words.test(imm) ? build<i16, Xmm>(element) : build<i8, Xmm>(element);
}

enum class Result : u8 { Index, Mask };
enum class Length : u8 { Implicit, Explicit };

/// In `extra`: the length registers are 64 bits wide (REX.W, VEX.W), and the instruction has a VEX
/// prefix.
constexpr Flag<0, u8> wide_lengths{};
constexpr Flag<1, u8> vex_encoded{};

i64 length_in(const Cpu& cpu, const Op& op, cpu::Gpr reg) {
    const u64 value = cpu.gpr[reg];
    return wide_lengths.test(op.extra) ? static_cast<i64>(value) : static_cast<i32>(value);
}

template <Length length, Result result>
void compare_strings(Cpu& cpu, const Op& op, Xmm first, Xmm second) {
    const u8 imm = static_cast<u8>(op.immediate);
    constexpr bool counted_form = length == Length::Explicit;
    const Fragment a = counted_form ? counted(first, imm, length_in(cpu, op, cpu::Gpr::Rax))
                                    : terminated(first, imm);
    const Fragment b = counted_form ? counted(second, imm, length_in(cpu, op, cpu::Gpr::Rdx))
                                    : terminated(second, imm);
    const u32 bits = polarize(aggregate(a, b, imm), b, imm);
    const bool clears_upper = vex_encoded.test(op.extra);
    if constexpr (result == Result::Index) {
        cpu.gpr[cpu::Gpr::Rcx] = index_of(bits, imm);
    } else {
        cpu.fpu.xmm[0] = mask_of(bits, imm);
        if (clears_upper) {
            cpu.fpu.upper[0] = {};
        }
    }
    const int count = element_count(imm);
    using arch::x86::Rflags;
    cpu.flags.load(Rflags::cf.make(bits != 0 ? 1 : 0) | Rflags::zf.make(b.length < count ? 1 : 0) |
                   Rflags::sf.make(a.length < count ? 1 : 0) | Rflags::of.make(bits & 1));
}

template <Length length, Result result>
void with_register(Cpu& cpu, const Op& op) {
    compare_strings<length, result>(cpu, op, cpu.fpu.xmm[op.dst], cpu.fpu.xmm[op.src]);
}
/// The memory operand needs no alignment.
template <Length length, Result result>
bool with_memory(Cpu& cpu, const Op& op) {
    Xmm second;
    if (!load(cpu, op, second)) {
        return false;
    }
    compare_strings<length, result>(cpu, op, cpu.fpu.xmm[op.dst], second);
    return true;
}

template <Length length, Result result>
bool bind(const Instruction& instruction, OpBuilder& out) {
    if (!is_vector<Xmm>(instruction, 0, out.op.dst) || !instruction.is_immediate(2)) {
        return false;
    }
    out.op.immediate = static_cast<i32>(instruction.operand(2).imm.value.u);
    const bool vex = instruction.info.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
    const bool wide = (vex ? instruction.info.raw.vex.W : instruction.info.raw.rex.W) != 0;
    out.op.extra = static_cast<u8>(wide_lengths.make(wide ? 1 : 0) | vex_encoded.make(vex ? 1 : 0));
    if (instruction.is_memory(1)) {
        out.memory(instruction, 1);
        return out.straight<with_memory<length, result>>();
    }
    return is_vector<Xmm>(instruction, 1, out.op.src) &&
           out.straight<with_register<length, result>>();
}

}  // namespace

bool bind_pcmpestri(const Instruction& instruction, OpBuilder& out) {
    return bind<Length::Explicit, Result::Index>(instruction, out);
}
bool bind_pcmpestrm(const Instruction& instruction, OpBuilder& out) {
    return bind<Length::Explicit, Result::Mask>(instruction, out);
}
bool bind_pcmpistri(const Instruction& instruction, OpBuilder& out) {
    return bind<Length::Implicit, Result::Index>(instruction, out);
}
bool bind_pcmpistrm(const Instruction& instruction, OpBuilder& out) {
    return bind<Length::Implicit, Result::Mask>(instruction, out);
}

}  // namespace ringfence::sim::isa::x86
