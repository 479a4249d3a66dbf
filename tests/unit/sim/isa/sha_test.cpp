// SPDX-License-Identifier: MIT
// One block of each standard's own example, "abc", by way of the instructions: hosts without them
// cannot be compared with. [nist/fips180]: the examples that go with it
#include <gtest/gtest.h>

#include <array>

#include "sim/isa/x86/simd_sha.h"

namespace ringfence::sim::isa::x86::simd {
namespace {

/// Lane 0 first.
Xmm vector(u32 a, u32 b, u32 c, u32 d) {
    return std::bit_cast<Xmm>(std::array<u32, 4>{a, b, c, d});
}
std::array<u32, 4> lanes_of(const Xmm& value) {
    return std::bit_cast<std::array<u32, 4>>(value);
}
Xmm sum(const Xmm& a, const Xmm& b) {
    const auto x = lanes_of(a);
    const auto y = lanes_of(b);
    return vector(x[0] + y[0], x[1] + y[1], x[2] + y[2], x[3] + y[3]);
}
Xmm exclusive_or(const Xmm& a, const Xmm& b) {
    return {.low = a.low ^ b.low, .high = a.high ^ b.high};
}

constexpr std::array<u32, 64> sha256_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// "abc", its end and its length in bits, sixteen words.
constexpr std::array<u32, 16> block{0x61626380, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24};

/// Words 4 * i to 4 * i + 3 of SHA-256's schedule, in lanes from the lowest up.
std::array<Xmm, 16> sha256_schedule() {
    std::array<Xmm, 16> w;
    for (usize i = 0; i < 4; ++i) {
        w[i] = vector(block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]);
    }
    for (usize i = 4; i < w.size(); ++i) {
        const auto older = lanes_of(w[i - 2]);
        const auto newer = lanes_of(w[i - 1]);
        const Xmm seven_before = vector(older[1], older[2], older[3], newer[0]);
        w[i] = sha256msg2(sum(sha256msg1(w[i - 4], w[i - 3]), seven_before), w[i - 1]);
    }
    return w;
}

TEST(Sha, HashesAbcWithSha256) {
    // From the highest lane down: A, B, E, F and C, D, G, H.
    const Xmm abef = vector(0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667);
    const Xmm cdgh = vector(0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372);
    Xmm first = abef;
    Xmm second = cdgh;
    const auto schedule = sha256_schedule();
    for (usize i = 0; i < schedule.size(); ++i) {
        const u32* k = &sha256_constants[4 * i];
        const Xmm four = sum(schedule[i], vector(k[0], k[1], k[2], k[3]));
        const Xmm next_two{.low = four.high, .high = 0};
        second = sha256rnds2(second, first, four);
        first = sha256rnds2(first, second, next_two);
    }
    EXPECT_EQ(lanes_of(sum(first, abef)),
              (std::array<u32, 4>{0x96177a9c, 0xb00361a3, 0x8f01cfea, 0xba7816bf}));
    EXPECT_EQ(lanes_of(sum(second, cdgh)),
              (std::array<u32, 4>{0xf20015ad, 0xb410ff61, 0x5dae2223, 0x414140de}));
}

/// Words of SHA-1's schedule, the first of four in the highest lane.
std::array<Xmm, 20> sha1_schedule() {
    std::array<Xmm, 20> w;
    for (usize i = 0; i < 4; ++i) {
        w[i] = vector(block[4 * i + 3], block[4 * i + 2], block[4 * i + 1], block[4 * i]);
    }
    for (usize i = 4; i < w.size(); ++i) {
        w[i] = sha1msg2(exclusive_or(sha1msg1(w[i - 4], w[i - 3]), w[i - 2]), w[i - 1]);
    }
    return w;
}

template <u8 stage>
void five_times_four_rounds(Xmm& state, Xmm& before, const std::array<Xmm, 20>& schedule) {
    for (usize i = 5 * stage; i < 5 * stage + 5; ++i) {
        // E of the first rounds is the initial one, which is not rotated any more.
        const Xmm words = i == 0 ? sum(schedule[0], before) : sha1nexte(before, schedule[i]);
        before = state;
        state = sha1rnds4(state, words, stage);
    }
}

TEST(Sha, HashesAbcWithSha1) {
    const Xmm abcd = vector(0x10325476, 0x98badcfe, 0xefcdab89, 0x67452301);
    const Xmm e = vector(0, 0, 0, 0xc3d2e1f0);
    Xmm state = abcd;
    Xmm before = e;
    const auto schedule = sha1_schedule();
    five_times_four_rounds<0>(state, before, schedule);
    five_times_four_rounds<1>(state, before, schedule);
    five_times_four_rounds<2>(state, before, schedule);
    five_times_four_rounds<3>(state, before, schedule);
    EXPECT_EQ(lanes_of(sum(state, abcd)),
              (std::array<u32, 4>{0x7850c26c, 0xba3e2571, 0x4706816a, 0xa9993e36}));
    EXPECT_EQ(lanes_of(sha1nexte(before, e))[3], 0x9cd0d89d);
}

}  // namespace
}  // namespace ringfence::sim::isa::x86::simd
