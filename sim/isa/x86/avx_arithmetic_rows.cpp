// SPDX-License-Identifier: MIT
// AVX floating point arithmetic and comparison.
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/sse_arithmetic.h"
#include "sim/isa/x86/sse_compare.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace sse;

/// The 32 predicates of VCMPPS and its like: imm8[1:0] a relation, [2] its negation, [3] one that
/// holds, or does not, of NaNs, [4] the other behaviour for quiet NaNs. [intel/vol2]: CMPPD,
/// table 3-1
struct Predicate {
    unsigned relation;
    bool negated;
    bool unordered_differs;
    QuietNans quiet;

    explicit Predicate(u8 imm)
        : relation(imm & 3),
          negated((imm & 4) != 0),
          unordered_differs((imm & 8) != 0),
          quiet((relation == 1 || relation == 2) != ((imm & 16) != 0) ? QuietNans::Invalid
                                                                      : QuietNans::Allowed) {}

    [[nodiscard]] bool holds(Ordering ordering) const {
        const bool unordered = ordering == Ordering::Unordered;
        if (relation == 3) {  // UNORD, ORD; with [3] FALSE, TRUE
            return (unordered && !unordered_differs) != negated;
        }
        const bool equal = ordering == Ordering::Equal;
        const bool less = ordering == Ordering::Less;
        const bool relates = relation == 0 ? equal : relation == 1 ? less : less || equal;
        // A negated relation holds of NaNs; EQ_UQ, NGE, NGT and their negations turn that round.
        if (unordered) {
            return negated != unordered_differs;
        }
        // NGE and NGT are LT and LE of numbers, GE and GT are NLT and NLE.
        return relates != negated;
    }
};

template <typename Bits>
Bits compare_lane(FloatState& state, Bits a, Bits b, const Predicate& predicate) {
    return predicate.holds(order(state, a, b, predicate.quiet)) ? ~Bits{0} : Bits{0};
}
template <typename Bits>
Xmm compare_packed(FloatState& state, Xmm a, Xmm b, u8 imm) {
    const Predicate predicate(imm);
    return map<Bits>(a, b, [&](Bits x, Bits y) { return compare_lane(state, x, y, predicate); });
}
template <typename Bits>
Xmm compare_scalar(FloatState& state, Xmm a, Xmm b, u8 imm) {
    return with_lane0(a, compare_lane(state, lane0<Bits>(a), lane0<Bits>(b), Predicate(imm)));
}

/// A source of one lane.
template <auto F, typename Bits>
constexpr BinderRow lane(ZydisMnemonic mnemonic) {
    return as<F, Xmm, Xmm, Bits>(mnemonic);
}

constexpr std::array rows = {
    both<packed<u32, Add>>(ZYDIS_MNEMONIC_VADDPS),
    both<packed<u64, Add>>(ZYDIS_MNEMONIC_VADDPD),
    lane<scalar<u32, Add>, u32>(ZYDIS_MNEMONIC_VADDSS),
    lane<scalar<u64, Add>, u64>(ZYDIS_MNEMONIC_VADDSD),
    both<packed<u32, Subtract>>(ZYDIS_MNEMONIC_VSUBPS),
    both<packed<u64, Subtract>>(ZYDIS_MNEMONIC_VSUBPD),
    lane<scalar<u32, Subtract>, u32>(ZYDIS_MNEMONIC_VSUBSS),
    lane<scalar<u64, Subtract>, u64>(ZYDIS_MNEMONIC_VSUBSD),
    both<packed<u32, Multiply>>(ZYDIS_MNEMONIC_VMULPS),
    both<packed<u64, Multiply>>(ZYDIS_MNEMONIC_VMULPD),
    lane<scalar<u32, Multiply>, u32>(ZYDIS_MNEMONIC_VMULSS),
    lane<scalar<u64, Multiply>, u64>(ZYDIS_MNEMONIC_VMULSD),
    both<packed<u32, Divide>>(ZYDIS_MNEMONIC_VDIVPS),
    both<packed<u64, Divide>>(ZYDIS_MNEMONIC_VDIVPD),
    lane<scalar<u32, Divide>, u32>(ZYDIS_MNEMONIC_VDIVSS),
    lane<scalar<u64, Divide>, u64>(ZYDIS_MNEMONIC_VDIVSD),
    both<packed<u32, SquareRoot>>(ZYDIS_MNEMONIC_VSQRTPS),
    both<packed<u64, SquareRoot>>(ZYDIS_MNEMONIC_VSQRTPD),
    lane<scalar<u32, SquareRoot>, u32>(ZYDIS_MNEMONIC_VSQRTSS),
    lane<scalar<u64, SquareRoot>, u64>(ZYDIS_MNEMONIC_VSQRTSD),
    both<packed<u32, Minimum>>(ZYDIS_MNEMONIC_VMINPS),
    both<packed<u64, Minimum>>(ZYDIS_MNEMONIC_VMINPD),
    lane<scalar<u32, Minimum>, u32>(ZYDIS_MNEMONIC_VMINSS),
    lane<scalar<u64, Minimum>, u64>(ZYDIS_MNEMONIC_VMINSD),
    both<packed<u32, Maximum>>(ZYDIS_MNEMONIC_VMAXPS),
    both<packed<u64, Maximum>>(ZYDIS_MNEMONIC_VMAXPD),
    lane<scalar<u32, Maximum>, u32>(ZYDIS_MNEMONIC_VMAXSS),
    lane<scalar<u64, Maximum>, u64>(ZYDIS_MNEMONIC_VMAXSD),
    both<compare_packed<u32>>(ZYDIS_MNEMONIC_VCMPPS),
    both<compare_packed<u64>>(ZYDIS_MNEMONIC_VCMPPD),
    lane<compare_scalar<u32>, u32>(ZYDIS_MNEMONIC_VCMPSS),
    lane<compare_scalar<u64>, u64>(ZYDIS_MNEMONIC_VCMPSD),
    both<round_packed<u32>>(ZYDIS_MNEMONIC_VROUNDPS),
    both<round_packed<u64>>(ZYDIS_MNEMONIC_VROUNDPD),
    lane<round_scalar<u32>, u32>(ZYDIS_MNEMONIC_VROUNDSS),
    lane<round_scalar<u64>, u64>(ZYDIS_MNEMONIC_VROUNDSD),
    both<rcpps>(ZYDIS_MNEMONIC_VRCPPS),
    lane<rcpss, u32>(ZYDIS_MNEMONIC_VRCPSS),
    both<rsqrtps>(ZYDIS_MNEMONIC_VRSQRTPS),
    lane<rsqrtss, u32>(ZYDIS_MNEMONIC_VRSQRTSS),
    both<horizontal<u32, Add>>(ZYDIS_MNEMONIC_VHADDPS),
    both<horizontal<u64, Add>>(ZYDIS_MNEMONIC_VHADDPD),
    both<horizontal<u32, Subtract>>(ZYDIS_MNEMONIC_VHSUBPS),
    both<horizontal<u64, Subtract>>(ZYDIS_MNEMONIC_VHSUBPD),
    both<addsub<u32>>(ZYDIS_MNEMONIC_VADDSUBPS),
    both<addsub<u64>>(ZYDIS_MNEMONIC_VADDSUBPD),
    row(ZYDIS_MNEMONIC_VDPPS, &bind_both<dpps, dpps256>),
    as<dppd, Xmm>(ZYDIS_MNEMONIC_VDPPD),
    row(ZYDIS_MNEMONIC_VCOMISS, &bind_comis<u32, QuietNans::Invalid>),
    row(ZYDIS_MNEMONIC_VCOMISD, &bind_comis<u64, QuietNans::Invalid>),
    row(ZYDIS_MNEMONIC_VUCOMISS, &bind_comis<u32, QuietNans::Allowed>),
    row(ZYDIS_MNEMONIC_VUCOMISD, &bind_comis<u64, QuietNans::Allowed>),
};

}  // namespace

std::span<const BinderRow> avx_arithmetic_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
