// SPDX-License-Identifier: MIT
// MXCSR's part in a floating point instruction, and when the host's own arithmetic may be used.
//
// Results and flags are defined by fpu_soft_float.h. Most operations need none of it: if MXCSR
// rounds to nearest, masks inexact and has already recorded it, and all operands are zero or normal
// and the result is well inside the normal range, then no other flag can be raised and IEEE 754
// leaves only one result, which any host's single or double precision unit gives. That is the fast
// path; everything else, and every NaN, goes through the exact one.
#pragma once

#include <bit>
#include <type_traits>

#include "sim/isa/x86/fpu_soft_float.h"
#include "sim/isa/x86/simd_lanes.h"

namespace ringfence::sim::isa::x86::sse {

using soft_float::Environment;
using soft_float::Rounding;

/// The control part of MXCSR for one instruction, and the exceptions that the instruction raises.
struct FloatState : Environment {
    /// Inexact is masked and MXCSR has it already, so raising it changes nothing.
    bool inexact_recorded = false;
    /// That, and rounding to nearest: the host's arithmetic may be used.
    bool host_rounding = false;
    /// Raised by the stages before the current one.
    u8 finished = 0;

    explicit FloatState(u32 mxcsr)
        : Environment{.rounding = static_cast<Rounding>(cpu::mxcsr::RoundingControl::get(mxcsr)),
                      .masked = static_cast<u8>(cpu::mxcsr::Masks::get(mxcsr)),
                      .denormals_are_zero = cpu::mxcsr::DenormalsAreZero::test(mxcsr),
                      .flush_to_zero = cpu::mxcsr::FlushToZero::test(mxcsr)},
          inexact_recorded(is_masked(soft_float::exception::inexact) &&
                           (mxcsr & soft_float::exception::inexact) != 0),
          host_rounding(inexact_recorded && rounding == Rounding::NearestEven) {}

    /// Ends a stage of an instruction that computes in stages: what it raised stands, and an
    /// unmasked exception stops the instruction. Returns whether the next stage is computed.
    bool end_stage() {
        finished = reported();
        raised = 0;
        return !faults();
    }
    /// Whether an unmasked exception was raised. Those found before the result was computed hide
    /// those found after. [intel/vol1]: 11.5.2, 11.5.3
    [[nodiscard]] bool faults() const { return (reported() & ~unsigned{masked}) != 0; }
    /// The flags that the instruction leaves in MXCSR.
    [[nodiscard]] u8 reported() const {
        const unsigned unmasked = raised & ~unsigned{masked};
        const bool early = (unmasked & soft_float::exception::before_result) != 0;
        const unsigned last = early ? raised & soft_float::exception::before_result : raised;
        return static_cast<u8>(finished | last);
    }
};

/// The host's type with the same bits.
template <typename Bits>
using HostFloat = std::conditional_t<sizeof(Bits) == 4, float, double>;

template <typename Bits>
constexpr unsigned exponent_shift = soft_float::Format<Bits>::precision - 1;
template <typename Bits>
constexpr Bits exponent_mask = 2 * soft_float::Format<Bits>::bias + 1;

/// The biased exponent.
template <typename Bits>
constexpr Bits exponent_of(Bits bits) {
    return bits >> exponent_shift<Bits> & exponent_mask<Bits>;
}
template <typename Bits>
constexpr bool is_zero(Bits bits) {
    return static_cast<Bits>(bits << 1) == 0;
}
/// Neither denormal, infinite nor NaN.
template <typename Bits>
constexpr bool is_plain(Bits bits) {
    return exponent_of(bits) - 1 < exponent_mask<Bits> - 1 || is_zero(bits);
}
/// Normal, and not the smallest normal magnitude, which a tiny result may have been rounded to.
template <typename Bits>
constexpr bool is_well_inside(Bits bits) {
    return exponent_of(bits) - 2 < exponent_mask<Bits> - 2;
}

template <typename Bits>
HostFloat<Bits> to_host(Bits bits) {
    return std::bit_cast<HostFloat<Bits>>(bits);
}
template <typename Bits>
Bits from_host(HostFloat<Bits> value) {
    return std::bit_cast<Bits>(value);
}

}  // namespace ringfence::sim::isa::x86::sse
