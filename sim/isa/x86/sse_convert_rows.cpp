// SPDX-License-Identifier: MIT
// Conversions between floating point and integers in XMM, MMX and general registers.
#include <array>

#include "sim/isa/x86/sse_convert_general.h"
#include "sim/isa/x86/sse_rows.h"

namespace ringfence::sim::isa::x86 {

namespace {

using namespace sse;

constexpr Unit unit = Unit::Sse;

/// One of the two sizes of the integer operand.
template <typename Bits, typename Integer>
bool bind_cvtsi2(const Instruction& instruction, OpBuilder& out) {
    using Word = std::make_unsigned_t<Integer>;
    return bind_vector_from_word<cvtsi2<Bits, Integer>, Word, Xmm, sizeof(Word)>(instruction, out);
}
constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_CVTSI2SS, &bind_cvtsi2<u32, i32>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSS2SI, &bind_cvt2si<u32, i32, Mode::Current>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTSS2SI, &bind_cvt2si<u32, i32, Mode::Truncate>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSI2SS, &bind_cvtsi2<u32, i64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSS2SI, &bind_cvt2si<u32, i64, Mode::Current>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTSS2SI, &bind_cvt2si<u32, i64, Mode::Truncate>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSI2SD, &bind_cvtsi2<u64, i32>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSD2SI, &bind_cvt2si<u64, i32, Mode::Current>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTSD2SI, &bind_cvt2si<u64, i32, Mode::Truncate>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSI2SD, &bind_cvtsi2<u64, i64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSD2SI, &bind_cvt2si<u64, i64, Mode::Current>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTSD2SI, &bind_cvt2si<u64, i64, Mode::Truncate>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSS2SD, &bind_vector<cvt_scalar<u64, u32>, Xmm, Xmm, u32>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTSD2SS, &bind_vector<cvt_scalar<u32, u64>, Xmm, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPS2PD, &bind_vector<cvtps2pd, Xmm, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPD2PS, &bind_vector<cvtpd2ps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTDQ2PS, &bind_vector<cvtdq2ps, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTDQ2PD, &bind_vector<cvtdq2pd, Xmm, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPS2DQ, &bind_vector<cvtps2dq<Mode::Current>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPD2DQ, &bind_vector<cvtpd2dq<Mode::Current>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPS2PI, &bind_vector<cvtps2pi<Mode::Current>, Mmx, Xmm, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPD2PI, &bind_vector<cvtpd2pi<Mode::Current>, Mmx, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTPS2DQ, &bind_vector<cvtps2dq<Mode::Truncate>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTPD2DQ, &bind_vector<cvtpd2dq<Mode::Truncate>, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTPS2PI, &bind_vector<cvtps2pi<Mode::Truncate>, Mmx, Xmm, u64>,
              unit},
    BinderRow{ZYDIS_MNEMONIC_CVTTPD2PI, &bind_vector<cvtpd2pi<Mode::Truncate>, Mmx, Xmm>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPI2PS, &bind_vector<cvtpi2ps, Xmm, Mmx, u64>, unit},
    BinderRow{ZYDIS_MNEMONIC_CVTPI2PD, &bind_vector<cvtpi2pd, Xmm, Mmx, u64>, unit},
};

}  // namespace

std::span<const BinderRow> sse_convert_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
