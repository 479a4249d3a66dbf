// SPDX-License-Identifier: MIT
// AVX and AVX2 instructions on integers: the operations of SSE, on registers of either size.
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/simd_aes.h"
#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_shuffle.h"
#include "sim/isa/x86/simd_string.h"
#include "sim/isa/x86/simd_test.h"
#include "sim/isa/x86/simd_transfer.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace simd;

/// The low lanes of the source, extended. `From` and `To` are as for `pmovx`.
template <typename From, typename To>
Ymm pmovx256(Ymm, Xmm b) {
    constexpr int half = lane_count<To, Xmm>;
    constexpr unsigned half_bits = half * sizeof(From) * 8;
    Xmm rest = psrldq(b, half_bits / 8);
    return {.low = pmovx<From, To>({}, b), .high = pmovx<From, To>({}, rest)};
}
/// A source of `half_bytes` for 128 bits, and twice as much for 256.
template <typename From, typename To, typename M128, typename M256>
bool bind_extension(const Instruction& in, OpBuilder& out) {
    return bind_as<pmovx<From, To>, Xmm, Xmm, M128>(in, out) ||
           bind_as<pmovx256<From, To>, Ymm, Xmm, M256>(in, out);
}
template <typename From, typename To, typename M128, typename M256>
constexpr BinderRow extension(ZydisMnemonic mnemonic) {
    return row(mnemonic, &bind_extension<From, To, M128, M256>);
}

u32 pmovmskb256(Ymm a) {
    return pmovmskb(a.low) | pmovmskb(a.high) << 16;
}

template <u64 looked_at>
bool bind_test_of_either(const Instruction& in, OpBuilder& out) {
    return bind_test<Xmm, looked_at, Alignment::Free>(in, out) ||
           bind_test<Ymm, looked_at, Alignment::Free>(in, out);
}
constexpr u64 signs32 = 0x8000'0000'8000'0000;
constexpr u64 signs64 = u64{1} << 63;

template <auto F>
constexpr BinderRow xmm_only(ZydisMnemonic mnemonic) {
    return as<F, Xmm>(mnemonic);
}

constexpr std::array rows = {
    both<padd<u8, Xmm>>(ZYDIS_MNEMONIC_VPADDB),
    both<padd<u16, Xmm>>(ZYDIS_MNEMONIC_VPADDW),
    both<padd<u32, Xmm>>(ZYDIS_MNEMONIC_VPADDD),
    both<padd<u64, Xmm>>(ZYDIS_MNEMONIC_VPADDQ),
    both<psub<u8, Xmm>>(ZYDIS_MNEMONIC_VPSUBB),
    both<psub<u16, Xmm>>(ZYDIS_MNEMONIC_VPSUBW),
    both<psub<u32, Xmm>>(ZYDIS_MNEMONIC_VPSUBD),
    both<psub<u64, Xmm>>(ZYDIS_MNEMONIC_VPSUBQ),
    both<padds<i8, Xmm>>(ZYDIS_MNEMONIC_VPADDSB),
    both<padds<i16, Xmm>>(ZYDIS_MNEMONIC_VPADDSW),
    both<padds<u8, Xmm>>(ZYDIS_MNEMONIC_VPADDUSB),
    both<padds<u16, Xmm>>(ZYDIS_MNEMONIC_VPADDUSW),
    both<psubs<i8, Xmm>>(ZYDIS_MNEMONIC_VPSUBSB),
    both<psubs<i16, Xmm>>(ZYDIS_MNEMONIC_VPSUBSW),
    both<psubs<u8, Xmm>>(ZYDIS_MNEMONIC_VPSUBUSB),
    both<psubs<u16, Xmm>>(ZYDIS_MNEMONIC_VPSUBUSW),
    both<pavg<u8, Xmm>>(ZYDIS_MNEMONIC_VPAVGB),
    both<pavg<u16, Xmm>>(ZYDIS_MNEMONIC_VPAVGW),
    both<pmax<i8, Xmm>>(ZYDIS_MNEMONIC_VPMAXSB),
    both<pmax<i16, Xmm>>(ZYDIS_MNEMONIC_VPMAXSW),
    both<pmax<i32, Xmm>>(ZYDIS_MNEMONIC_VPMAXSD),
    both<pmax<u8, Xmm>>(ZYDIS_MNEMONIC_VPMAXUB),
    both<pmax<u16, Xmm>>(ZYDIS_MNEMONIC_VPMAXUW),
    both<pmax<u32, Xmm>>(ZYDIS_MNEMONIC_VPMAXUD),
    both<pmin<i8, Xmm>>(ZYDIS_MNEMONIC_VPMINSB),
    both<pmin<i16, Xmm>>(ZYDIS_MNEMONIC_VPMINSW),
    both<pmin<i32, Xmm>>(ZYDIS_MNEMONIC_VPMINSD),
    both<pmin<u8, Xmm>>(ZYDIS_MNEMONIC_VPMINUB),
    both<pmin<u16, Xmm>>(ZYDIS_MNEMONIC_VPMINUW),
    both<pmin<u32, Xmm>>(ZYDIS_MNEMONIC_VPMINUD),
    both<pcmpeq<u8, Xmm>>(ZYDIS_MNEMONIC_VPCMPEQB),
    both<pcmpeq<u16, Xmm>>(ZYDIS_MNEMONIC_VPCMPEQW),
    both<pcmpeq<u32, Xmm>>(ZYDIS_MNEMONIC_VPCMPEQD),
    both<pcmpeq<u64, Xmm>>(ZYDIS_MNEMONIC_VPCMPEQQ),
    both<pcmpgt<i8, Xmm>>(ZYDIS_MNEMONIC_VPCMPGTB),
    both<pcmpgt<i16, Xmm>>(ZYDIS_MNEMONIC_VPCMPGTW),
    both<pcmpgt<i32, Xmm>>(ZYDIS_MNEMONIC_VPCMPGTD),
    both<pcmpgt<i64, Xmm>>(ZYDIS_MNEMONIC_VPCMPGTQ),
    both<pand<Xmm>>(ZYDIS_MNEMONIC_VPAND),
    both<pandn<Xmm>>(ZYDIS_MNEMONIC_VPANDN),
    both<por<Xmm>>(ZYDIS_MNEMONIC_VPOR),
    both<pxor<Xmm>>(ZYDIS_MNEMONIC_VPXOR),
    both<pmull<u16, Xmm>>(ZYDIS_MNEMONIC_VPMULLW),
    both<pmull<u32, Xmm>>(ZYDIS_MNEMONIC_VPMULLD),
    both<pmulhw<Xmm>>(ZYDIS_MNEMONIC_VPMULHW),
    both<pmulhuw<Xmm>>(ZYDIS_MNEMONIC_VPMULHUW),
    both<pmulhrsw<Xmm>>(ZYDIS_MNEMONIC_VPMULHRSW),
    both<pmul_even<u32, Xmm>>(ZYDIS_MNEMONIC_VPMULUDQ),
    both<pmul_even<i32, Xmm>>(ZYDIS_MNEMONIC_VPMULDQ),
    both<pmaddwd<Xmm>>(ZYDIS_MNEMONIC_VPMADDWD),
    both<pmaddubsw<Xmm>>(ZYDIS_MNEMONIC_VPMADDUBSW),
    both<psadbw<Xmm>>(ZYDIS_MNEMONIC_VPSADBW),
    both<pabs<i8, Xmm>>(ZYDIS_MNEMONIC_VPABSB),
    both<pabs<i16, Xmm>>(ZYDIS_MNEMONIC_VPABSW),
    both<pabs<i32, Xmm>>(ZYDIS_MNEMONIC_VPABSD),
    both<psign<i8, Xmm>>(ZYDIS_MNEMONIC_VPSIGNB),
    both<psign<i16, Xmm>>(ZYDIS_MNEMONIC_VPSIGNW),
    both<psign<i32, Xmm>>(ZYDIS_MNEMONIC_VPSIGND),
    both<phadd<u16, Xmm>>(ZYDIS_MNEMONIC_VPHADDW),
    both<phadd<u32, Xmm>>(ZYDIS_MNEMONIC_VPHADDD),
    both<phaddsw<Xmm>>(ZYDIS_MNEMONIC_VPHADDSW),
    both<phsub<u16, Xmm>>(ZYDIS_MNEMONIC_VPHSUBW),
    both<phsub<u32, Xmm>>(ZYDIS_MNEMONIC_VPHSUBD),
    both<phsubsw<Xmm>>(ZYDIS_MNEMONIC_VPHSUBSW),
    both<pack<i16, i8, Xmm>>(ZYDIS_MNEMONIC_VPACKSSWB),
    both<pack<i32, i16, Xmm>>(ZYDIS_MNEMONIC_VPACKSSDW),
    both<pack<i16, u8, Xmm>>(ZYDIS_MNEMONIC_VPACKUSWB),
    both<pack<i32, u16, Xmm>>(ZYDIS_MNEMONIC_VPACKUSDW),
    both<punpckl<u8, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKLBW),
    both<punpckl<u16, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKLWD),
    both<punpckl<u32, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKLDQ),
    both<punpckl<u64, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKLQDQ),
    both<punpckh<u8, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKHBW),
    both<punpckh<u16, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKHWD),
    both<punpckh<u32, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKHDQ),
    both<punpckh<u64, Xmm>>(ZYDIS_MNEMONIC_VPUNPCKHQDQ),
    both<pshufb<Xmm>>(ZYDIS_MNEMONIC_VPSHUFB),
    both<pshufd>(ZYDIS_MNEMONIC_VPSHUFD),
    both<pshuflw>(ZYDIS_MNEMONIC_VPSHUFLW),
    both<pshufhw>(ZYDIS_MNEMONIC_VPSHUFHW),
    both<palignr<Xmm>>(ZYDIS_MNEMONIC_VPALIGNR),
    both<blend<u16>>(ZYDIS_MNEMONIC_VPBLENDW),
    both_stepping<blend<u32>, 4>(ZYDIS_MNEMONIC_VPBLENDD),
    both_stepping<mpsadbw, 3>(ZYDIS_MNEMONIC_VMPSADBW),
    xmm_only<phminposuw>(ZYDIS_MNEMONIC_VPHMINPOSUW),
    xmm_only<aesenc>(ZYDIS_MNEMONIC_VAESENC),
    xmm_only<aesenclast>(ZYDIS_MNEMONIC_VAESENCLAST),
    xmm_only<aesdec>(ZYDIS_MNEMONIC_VAESDEC),
    xmm_only<aesdeclast>(ZYDIS_MNEMONIC_VAESDECLAST),
    xmm_only<aesimc>(ZYDIS_MNEMONIC_VAESIMC),
    xmm_only<aeskeygenassist>(ZYDIS_MNEMONIC_VAESKEYGENASSIST),
    xmm_only<pclmulqdq>(ZYDIS_MNEMONIC_VPCLMULQDQ),
    extension<i8, i16, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVSXBW),
    extension<i8, i32, u32, u64>(ZYDIS_MNEMONIC_VPMOVSXBD),
    extension<i8, i64, u16, u32>(ZYDIS_MNEMONIC_VPMOVSXBQ),
    extension<i16, i32, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVSXWD),
    extension<i16, i64, u32, u64>(ZYDIS_MNEMONIC_VPMOVSXWQ),
    extension<i32, i64, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVSXDQ),
    extension<u8, u16, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVZXBW),
    extension<u8, u32, u32, u64>(ZYDIS_MNEMONIC_VPMOVZXBD),
    extension<u8, u64, u16, u32>(ZYDIS_MNEMONIC_VPMOVZXBQ),
    extension<u16, u32, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVZXWD),
    extension<u16, u64, u32, u64>(ZYDIS_MNEMONIC_VPMOVZXWQ),
    extension<u32, u64, u64, Xmm>(ZYDIS_MNEMONIC_VPMOVZXDQ),
    row(ZYDIS_MNEMONIC_VPTEST, &bind_test_of_either<all_bits>),
    row(ZYDIS_MNEMONIC_VTESTPS, &bind_test_of_either<signs32>),
    row(ZYDIS_MNEMONIC_VTESTPD, &bind_test_of_either<signs64>),
    row(ZYDIS_MNEMONIC_VPMOVMSKB, &bind_general_from_vector<pmovmskb, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VPMOVMSKB, &bind_general_from_vector<pmovmskb256, u32, Ymm>),
    row(ZYDIS_MNEMONIC_VPEXTRB, &bind_general_from_vector<pextr_as<u8, u32>, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VPEXTRB, &bind_memory_from_vector<pextr_as<u8, u8>, u8>),
    row(ZYDIS_MNEMONIC_VPEXTRW, &bind_general_from_vector<pextr_as<u16, u32>, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VPEXTRW, &bind_memory_from_vector<pextr_as<u16, u16>, u16>),
    row(ZYDIS_MNEMONIC_VPEXTRD, &bind_general_from_vector<pextr_as<u32, u32>, u32, Xmm>),
    row(ZYDIS_MNEMONIC_VPEXTRD, &bind_memory_from_vector<pextr_as<u32, u32>, u32>),
    row(ZYDIS_MNEMONIC_VPEXTRQ, &bind_general_from_vector<pextr_as<u64, u64>, u64, Xmm>),
    row(ZYDIS_MNEMONIC_VPEXTRQ, &bind_memory_from_vector<pextr_as<u64, u64>, u64>),
    row(ZYDIS_MNEMONIC_VPINSRB, &bind_from_word<pinsr<u8, Xmm>, u8>),
    row(ZYDIS_MNEMONIC_VPINSRW, &bind_from_word<pinsr<u16, Xmm>, u16>),
    row(ZYDIS_MNEMONIC_VPINSRD, &bind_from_word<pinsr<u32, Xmm>, u32>),
    row(ZYDIS_MNEMONIC_VPINSRQ, &bind_from_word<pinsr<u64, Xmm>, u64>),
    row(ZYDIS_MNEMONIC_VPCMPESTRI, &bind_pcmpestri),
    row(ZYDIS_MNEMONIC_VPCMPESTRM, &bind_pcmpestrm),
    row(ZYDIS_MNEMONIC_VPCMPISTRI, &bind_pcmpistri),
    row(ZYDIS_MNEMONIC_VPCMPISTRM, &bind_pcmpistrm),
};

}  // namespace

std::span<const BinderRow> avx_integer_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
