// SPDX-License-Identifier: MIT
#include "sim/isa/x86/simd_sha.h"

#include <bit>

namespace ringfence::sim::isa::x86::simd {

namespace {

/// Lane 3 is the highest.
using Words = LaneArray<u32, Xmm>;

Words words(const Xmm& value) {
    return lane_array<u32>(value);
}
Xmm from_words(const Words& value) {
    return std::bit_cast<Xmm>(value);
}

constexpr u32 choose(u32 x, u32 y, u32 z) {
    return (x & y) ^ (~x & z);
}
constexpr u32 parity(u32 x, u32 y, u32 z) {
    return x ^ y ^ z;
}
constexpr u32 majority(u32 x, u32 y, u32 z) {
    return (x & y) ^ (x & z) ^ (y & z);
}

/// What twenty rounds of SHA-1 share.
struct Sha1Stage {
    u32 (*function)(u32, u32, u32);
    u32 constant;
};
constexpr Sha1Stage sha1_stages[] = {
    {choose, 0x5a827999}, {parity, 0x6ed9eba1}, {majority, 0x8f1bbcdc}, {parity, 0xca62c1d6}};

constexpr u32 big_sigma0(u32 x) {
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
constexpr u32 big_sigma1(u32 x) {
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}
constexpr u32 small_sigma0(u32 x) {
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
}
constexpr u32 small_sigma1(u32 x) {
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}

}  // namespace

Xmm sha1rnds4(Xmm a, Xmm b, u8 imm) {
    const Sha1Stage& stage = sha1_stages[imm & 3];
    const Words state = words(a);
    const Words message = words(b);
    u32 A = state[3], B = state[2], C = state[1], D = state[0], E = 0;
    for (unsigned lane = 4; lane-- > 0;) {
        const u32 next =
            stage.function(B, C, D) + std::rotl(A, 5) + message[lane] + E + stage.constant;
        E = D;
        D = C;
        C = std::rotl(B, 30);
        B = A;
        A = next;
    }
    return from_words({D, C, B, A});
}

Xmm sha1nexte(Xmm a, Xmm b) {
    Words next = words(b);
    next[3] += std::rotl(words(a)[3], 30);
    return from_words(next);
}

Xmm sha1msg1(Xmm a, Xmm b) {
    const Words w = words(a);
    const Words later = words(b);
    return from_words({w[0] ^ later[2], w[1] ^ later[3], w[2] ^ w[0], w[3] ^ w[1]});
}

Xmm sha1msg2(Xmm a, Xmm b) {
    const Words sums = words(a);
    const Words w = words(b);
    const u32 w16 = std::rotl(sums[3] ^ w[2], 1);
    const u32 w17 = std::rotl(sums[2] ^ w[1], 1);
    const u32 w18 = std::rotl(sums[1] ^ w[0], 1);
    const u32 w19 = std::rotl(sums[0] ^ w16, 1);
    return from_words({w19, w18, w17, w16});
}

Xmm sha256rnds2(Xmm a, Xmm b, Xmm xmm0) {
    const Words cdgh = words(a);
    const Words abef = words(b);
    const Words message = words(xmm0);
    u32 A = abef[3], B = abef[2], C = cdgh[3], D = cdgh[2];
    u32 E = abef[1], F = abef[0], G = cdgh[1], H = cdgh[0];
    for (unsigned round = 0; round < 2; ++round) {
        const u32 first = choose(E, F, G) + big_sigma1(E) + message[round] + H;
        const u32 second = majority(A, B, C) + big_sigma0(A);
        H = G;
        G = F;
        F = E;
        E = D + first;
        D = C;
        C = B;
        B = A;
        A = first + second;
    }
    return from_words({F, E, B, A});
}

Xmm sha256msg1(Xmm a, Xmm b) {
    const Words w = words(a);
    return from_words({w[0] + small_sigma0(w[1]), w[1] + small_sigma0(w[2]),
                       w[2] + small_sigma0(w[3]), w[3] + small_sigma0(words(b)[0])});
}

Xmm sha256msg2(Xmm a, Xmm b) {
    const Words sums = words(a);
    const Words w = words(b);
    const u32 w16 = sums[0] + small_sigma1(w[2]);
    const u32 w17 = sums[1] + small_sigma1(w[3]);
    const u32 w18 = sums[2] + small_sigma1(w16);
    const u32 w19 = sums[3] + small_sigma1(w17);
    return from_words({w16, w17, w18, w19});
}

}  // namespace ringfence::sim::isa::x86::simd
