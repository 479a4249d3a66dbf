// SPDX-License-Identifier: MIT
// Floating point arithmetic and comparison in XMM registers.
#include <array>

#include "sim/isa/x86/sse_compare.h"
#include "sim/isa/x86/sse_rows.h"

namespace ringfence::sim::isa::x86 {

namespace {

using namespace sse;

constexpr Unit unit = Unit::Sse;

/// Operands of 16 bytes.
template <auto F>
constexpr BinderRow whole(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_vector<F, Xmm>, unit};
}
/// A source of one lane.
template <auto F, typename Bits>
constexpr BinderRow lane(ZydisMnemonic mnemonic) {
    return {mnemonic, &bind_vector<F, Xmm, Xmm, Bits>, unit};
}

constexpr std::array rows = {
    whole<packed<u32, Add>>(ZYDIS_MNEMONIC_ADDPS),
    whole<packed<u64, Add>>(ZYDIS_MNEMONIC_ADDPD),
    lane<scalar<u32, Add>, u32>(ZYDIS_MNEMONIC_ADDSS),
    lane<scalar<u64, Add>, u64>(ZYDIS_MNEMONIC_ADDSD),
    whole<packed<u32, Subtract>>(ZYDIS_MNEMONIC_SUBPS),
    whole<packed<u64, Subtract>>(ZYDIS_MNEMONIC_SUBPD),
    lane<scalar<u32, Subtract>, u32>(ZYDIS_MNEMONIC_SUBSS),
    lane<scalar<u64, Subtract>, u64>(ZYDIS_MNEMONIC_SUBSD),
    whole<packed<u32, Multiply>>(ZYDIS_MNEMONIC_MULPS),
    whole<packed<u64, Multiply>>(ZYDIS_MNEMONIC_MULPD),
    lane<scalar<u32, Multiply>, u32>(ZYDIS_MNEMONIC_MULSS),
    lane<scalar<u64, Multiply>, u64>(ZYDIS_MNEMONIC_MULSD),
    whole<packed<u32, Divide>>(ZYDIS_MNEMONIC_DIVPS),
    whole<packed<u64, Divide>>(ZYDIS_MNEMONIC_DIVPD),
    lane<scalar<u32, Divide>, u32>(ZYDIS_MNEMONIC_DIVSS),
    lane<scalar<u64, Divide>, u64>(ZYDIS_MNEMONIC_DIVSD),
    whole<packed<u32, SquareRoot>>(ZYDIS_MNEMONIC_SQRTPS),
    whole<packed<u64, SquareRoot>>(ZYDIS_MNEMONIC_SQRTPD),
    lane<scalar<u32, SquareRoot>, u32>(ZYDIS_MNEMONIC_SQRTSS),
    lane<scalar<u64, SquareRoot>, u64>(ZYDIS_MNEMONIC_SQRTSD),
    whole<packed<u32, Minimum>>(ZYDIS_MNEMONIC_MINPS),
    whole<packed<u64, Minimum>>(ZYDIS_MNEMONIC_MINPD),
    lane<scalar<u32, Minimum>, u32>(ZYDIS_MNEMONIC_MINSS),
    lane<scalar<u64, Minimum>, u64>(ZYDIS_MNEMONIC_MINSD),
    whole<packed<u32, Maximum>>(ZYDIS_MNEMONIC_MAXPS),
    whole<packed<u64, Maximum>>(ZYDIS_MNEMONIC_MAXPD),
    lane<scalar<u32, Maximum>, u32>(ZYDIS_MNEMONIC_MAXSS),
    lane<scalar<u64, Maximum>, u64>(ZYDIS_MNEMONIC_MAXSD),
    whole<cmp_packed<u32>>(ZYDIS_MNEMONIC_CMPPS),
    whole<cmp_packed<u64>>(ZYDIS_MNEMONIC_CMPPD),
    lane<cmp_scalar<u32>, u32>(ZYDIS_MNEMONIC_CMPSS),
    lane<cmp_scalar<u64>, u64>(ZYDIS_MNEMONIC_CMPSD),
    whole<round_packed<u32>>(ZYDIS_MNEMONIC_ROUNDPS),
    whole<round_packed<u64>>(ZYDIS_MNEMONIC_ROUNDPD),
    lane<round_scalar<u32>, u32>(ZYDIS_MNEMONIC_ROUNDSS),
    lane<round_scalar<u64>, u64>(ZYDIS_MNEMONIC_ROUNDSD),
    whole<rcpps>(ZYDIS_MNEMONIC_RCPPS),
    lane<rcpss, u32>(ZYDIS_MNEMONIC_RCPSS),
    whole<rsqrtps>(ZYDIS_MNEMONIC_RSQRTPS),
    lane<rsqrtss, u32>(ZYDIS_MNEMONIC_RSQRTSS),
    whole<horizontal<u32, Add>>(ZYDIS_MNEMONIC_HADDPS),
    whole<horizontal<u64, Add>>(ZYDIS_MNEMONIC_HADDPD),
    whole<horizontal<u32, Subtract>>(ZYDIS_MNEMONIC_HSUBPS),
    whole<horizontal<u64, Subtract>>(ZYDIS_MNEMONIC_HSUBPD),
    whole<addsub<u32>>(ZYDIS_MNEMONIC_ADDSUBPS),
    whole<addsub<u64>>(ZYDIS_MNEMONIC_ADDSUBPD),
    whole<dpps>(ZYDIS_MNEMONIC_DPPS),
    whole<dppd>(ZYDIS_MNEMONIC_DPPD),
    BinderRow{ZYDIS_MNEMONIC_COMISS, &bind_comis<u32, QuietNans::Invalid>, unit},
    BinderRow{ZYDIS_MNEMONIC_COMISD, &bind_comis<u64, QuietNans::Invalid>, unit},
    BinderRow{ZYDIS_MNEMONIC_UCOMISS, &bind_comis<u32, QuietNans::Allowed>, unit},
    BinderRow{ZYDIS_MNEMONIC_UCOMISD, &bind_comis<u64, QuietNans::Allowed>, unit},
};

}  // namespace

std::span<const BinderRow> sse_arithmetic_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
