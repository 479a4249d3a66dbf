// SPDX-License-Identifier: MIT
// AVX and AVX2 instructions on integers: the operations of SSE, on registers of either size.
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/simd_aes.h"
#include "sim/isa/x86/simd_integer.h"
#include "sim/isa/x86/simd_shuffle.h"
#include "sim/isa/x86/simd_string.h"
#include "sim/isa/x86/simd_transfer.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace simd;

constexpr Unit unit = Unit::Avx;

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
    return {mnemonic, &bind_extension<From, To, M128, M256>, unit};
}

u32 byte_mask(Xmm a) {
    return static_cast<u32>(sign_mask<i8>(a));
}
u32 byte_mask256(Ymm a) {
    return byte_mask(a.low) | byte_mask(a.high) << 16;
}
template <typename T, typename Word>
Word extract(Xmm a, u8 imm) {
    return static_cast<Word>(pextr<T>(a, imm));
}

/// ZF: no common bit; CF: no bit of the source outside the destination; of each lane the sign alone
/// for VTESTPS and VTESTPD.
template <u64 looked_at>
void set_test_flags(Cpu& cpu, const Ymm& a, const Ymm& b) {
    constexpr Xmm mask{.low = looked_at, .high = looked_at};
    const auto none = [&](Xmm low, Xmm high) { return pand(por(low, high), mask) == Xmm{}; };
    const bool zf = none(pand(a.low, b.low), pand(a.high, b.high));
    const bool cf = none(pandn(a.low, b.low), pandn(a.high, b.high));
    using arch::x86::Rflags;
    cpu.flags.load(Rflags::zf.make(zf ? 1 : 0) | Rflags::cf.make(cf ? 1 : 0));
}
Ymm widened(const Xmm& value) {
    return {.low = value, .high = {}};
}
Ymm widened(const Ymm& value) {
    return value;
}
template <typename V, u64 looked_at>
void test_registers(Cpu& cpu, const Op& op) {
    set_test_flags<looked_at>(cpu, widened(read_register<V>(cpu, op.dst)),
                              widened(read_register<V>(cpu, op.src)));
}
template <typename V, u64 looked_at>
bool test_memory(Cpu& cpu, const Op& op) {
    V source;
    if (!load(cpu, op, source)) {
        return false;
    }
    set_test_flags<looked_at>(cpu, widened(read_register<V>(cpu, op.dst)), widened(source));
    return true;
}
template <typename V, u64 looked_at>
bool bind_test_of(const Instruction& in, OpBuilder& out) {
    if (!is_vector<V>(in, 0, out.op.dst)) {
        return false;
    }
    if (in.is_memory(1)) {
        out.memory(in, 1);
        return out.straight<test_memory<V, looked_at>>();
    }
    return is_vector<V>(in, 1, out.op.src) && out.straight<test_registers<V, looked_at>>();
}
template <u64 looked_at>
bool bind_test(const Instruction& in, OpBuilder& out) {
    return bind_test_of<Xmm, looked_at>(in, out) || bind_test_of<Ymm, looked_at>(in, out);
}
constexpr u64 all_bits = ~u64{0};
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
    BinderRow{ZYDIS_MNEMONIC_VPTEST, &bind_test<all_bits>, unit},
    BinderRow{ZYDIS_MNEMONIC_VTESTPS, &bind_test<signs32>, unit},
    BinderRow{ZYDIS_MNEMONIC_VTESTPD, &bind_test<signs64>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPMOVMSKB, &bind_general_from_vector<byte_mask, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPMOVMSKB, &bind_general_from_vector<byte_mask256, u32, Ymm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRB, &bind_general_from_vector<extract<u8, u32>, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRB, &bind_memory_from_vector<extract<u8, u8>, u8>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRW, &bind_general_from_vector<extract<u16, u32>, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRW, &bind_memory_from_vector<extract<u16, u16>, u16>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRD, &bind_general_from_vector<extract<u32, u32>, u32, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRD, &bind_memory_from_vector<extract<u32, u32>, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRQ, &bind_general_from_vector<extract<u64, u64>, u64, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPEXTRQ, &bind_memory_from_vector<extract<u64, u64>, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPINSRB, &bind_from_word<pinsr<u8, Xmm>, u8>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPINSRW, &bind_from_word<pinsr<u16, Xmm>, u16>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPINSRD, &bind_from_word<pinsr<u32, Xmm>, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPINSRQ, &bind_from_word<pinsr<u64, Xmm>, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_VPCMPESTRI, &bind_pcmpestri, unit},
    BinderRow{ZYDIS_MNEMONIC_VPCMPESTRM, &bind_pcmpestrm, unit},
    BinderRow{ZYDIS_MNEMONIC_VPCMPISTRI, &bind_pcmpistri, unit},
    BinderRow{ZYDIS_MNEMONIC_VPCMPISTRM, &bind_pcmpistrm, unit},
};

}  // namespace

std::span<const BinderRow> avx_integer_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
