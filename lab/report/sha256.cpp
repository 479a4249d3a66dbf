// SPDX-License-Identifier: MIT
#include "lab/report/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace ringfence::lab::report {

namespace {

constexpr usize rounds = 64;

/// [nist/fips180]: 4.2.2
constexpr std::array<u32, rounds> constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

template <typename Block>
u32 big_endian(const Block& block, usize word) {
    u32 value = 0;
    std::memcpy(&value, block.data() + word * sizeof value, sizeof value);
    return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

}  // namespace

/// [nist/fips180]: 6.2.2
void Sha256::add_block(State& state, const Block& block) {
    std::array<u32, rounds> schedule{};
    for (usize t = 0; t < rounds; ++t) {
        if (t < 16) {
            schedule[t] = big_endian(block, t);
            continue;
        }
        const u32 w15 = schedule[t - 15];
        const u32 w2 = schedule[t - 2];
        const u32 sigma0 = std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3U);
        const u32 sigma1 = std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10U);
        schedule[t] = schedule[t - 16] + sigma0 + schedule[t - 7] + sigma1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (usize t = 0; t < rounds; ++t) {
        const u32 sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const u32 sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const u32 t1 = h + sum1 + ((e & f) ^ (~e & g)) + constants[t] + schedule[t];
        const u32 t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const State change = {a, b, c, d, e, f, g, h};
    for (usize i = 0; i < state.size(); ++i) {
        state[i] += change[i];
    }
}

void Sha256::add(std::string_view bytes) {
    while (!bytes.empty()) {
        const usize waiting = total_ % block_bytes;
        const usize piece = std::min(bytes.size(), block_bytes - waiting);
        std::memcpy(block_.data() + waiting, bytes.data(), piece);
        total_ += piece;
        bytes.remove_prefix(piece);
        if (waiting + piece == block_bytes) {
            add_block(state_, block_);
        }
    }
}

/// [nist/fips180]: 5.1.1: a 1 bit, zeroes, and the length in bits.
std::string Sha256::digest() const {
    constexpr usize length_at = block_bytes - sizeof(u64);
    State state = state_;
    Block block = block_;
    const usize waiting = total_ % block_bytes;
    std::fill(block.begin() + waiting, block.end(), u8{0});
    block[waiting] = 0x80;
    if (waiting >= length_at) {
        add_block(state, block);
        block.fill(0);
    }
    const u64 bits = total_ * 8;
    for (usize i = 0; i < sizeof(u64); ++i) {
        block[block_bytes - 1 - i] = static_cast<u8>(bits >> (8 * i));
    }
    add_block(state, block);
    std::string digest;
    for (const u32 word : state) {
        digest += fmt::format("{:08x}", word);
    }
    return digest;
}

std::string sha256(std::string_view bytes) {
    Sha256 sum;
    sum.add(bytes);
    return sum.digest();
}

}  // namespace ringfence::lab::report
