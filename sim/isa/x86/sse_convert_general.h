// SPDX-License-Identifier: MIT
// Conversions between a lane and a general register, with and without VEX. [intel/vol2]: CVTSI2SS,
// CVTSS2SI and their like
#pragma once

#include "sim/isa/x86/simd_transfer.h"
#include "sim/isa/x86/sse_convert.h"

namespace ringfence::sim::isa::x86::sse {

/// CVTSI2SS, CVTSI2SD from a signed `Integer`.
template <typename Bits, typename Integer>
Xmm cvtsi2(FloatState& state, Xmm a, u64 value) {
    return with_lane0(a, sse::from_integer<Bits>(state, static_cast<Integer>(value)));
}
/// CVTSS2SI, CVTSD2SI and the truncating forms.
template <typename Bits, typename Integer, Mode mode>
std::make_unsigned_t<Integer> cvt2si(FloatState& state, Xmm a) {
    return static_cast<std::make_unsigned_t<Integer>>(
        sse::to_integer<Integer>(state, lane0<Bits>(a), rounding_of(state, mode)));
}

template <typename Bits, typename Integer, Mode mode>
bool bind_cvt2si(const Instruction& instruction, OpBuilder& out) {
    using Word = std::make_unsigned_t<Integer>;
    constexpr auto convert = cvt2si<Bits, Integer, mode>;
    if (instruction.size(0) != sizeof(Word)) {
        return false;
    }
    if (!instruction.is_memory(1)) {
        return bind_general_from_vector<convert, Word, Xmm>(instruction, out);
    }
    out.op.dst = OpBuilder::slot(instruction, 0);
    out.memory(instruction, 1);
    return out.straight<general_from_memory<convert, Word, Bits>>();
}

}  // namespace ringfence::sim::isa::x86::sse
