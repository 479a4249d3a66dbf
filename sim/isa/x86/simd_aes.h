// SPDX-License-Identifier: MIT
// AES rounds and carry-less multiplication. [intel/vol2]: AESENC, AESDEC, AESIMC, AESKEYGENASSIST,
// PCLMULQDQ; the tables come from the field's definition, not from a listing. [fips/197]: 4, 5
#pragma once

#include "sim/isa/x86/simd_lanes.h"

namespace ringfence::sim::isa::x86::simd {

Xmm aesenc(Xmm state, Xmm key);
Xmm aesenclast(Xmm state, Xmm key);
Xmm aesdec(Xmm state, Xmm key);
Xmm aesdeclast(Xmm state, Xmm key);
Xmm aesimc(Xmm, Xmm key);
Xmm aeskeygenassist(Xmm, Xmm key, u8 round_constant);

/// imm8[0] and imm8[4] choose the halves of the two operands.
Xmm pclmulqdq(Xmm a, Xmm b, u8 imm);

}  // namespace ringfence::sim::isa::x86::simd
