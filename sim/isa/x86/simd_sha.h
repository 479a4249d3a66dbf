// SPDX-License-Identifier: MIT
// Rounds and message schedules of SHA-1 and SHA-256. [intel/vol2]: SHA1RNDS4 to SHA256MSG2; the
// functions' names are those of the standard. [nist/fips180]: 4.1, 6.1, 6.2
#pragma once

#include "sim/isa/x86/simd_lanes.h"

namespace ringfence::sim::isa::x86::simd {

/// Four rounds on A, B, C, D (A in the highest lane); E is in the words of `b` already. imm8[1:0]
/// chooses the function and constant of twenty rounds.
Xmm sha1rnds4(Xmm a, Xmm b, u8 imm);
/// E of four rounds ago, rotated, added to the highest of the next four words.
Xmm sha1nexte(Xmm a, Xmm b);
Xmm sha1msg1(Xmm a, Xmm b);
Xmm sha1msg2(Xmm a, Xmm b);

/// Two rounds on C, D, G, H (`a`) and A, B, E, F (`b`), all from the highest lane down, with words
/// and constants added up in the two lowest lanes of `xmm0`.
Xmm sha256rnds2(Xmm a, Xmm b, Xmm xmm0);
Xmm sha256msg1(Xmm a, Xmm b);
Xmm sha256msg2(Xmm a, Xmm b);

}  // namespace ringfence::sim::isa::x86::simd
