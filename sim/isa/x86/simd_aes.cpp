// SPDX-License-Identifier: MIT
#include "sim/isa/x86/simd_aes.h"

#include <array>
#include <bit>

#include "sim/isa/x86/simd_integer.h"

namespace ringfence::sim::isa::x86::simd {

namespace {

using Bytes = std::array<u8, 16>;
using Table = std::array<u8, 256>;

/// Multiplication by x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
constexpr u8 times_x(u8 a) {
    return static_cast<u8>((a << 1) ^ ((a & 0x80) != 0 ? 0x1b : 0));
}
constexpr u8 multiply(u8 a, u8 b) {
    u8 product = 0;
    for (; b != 0; b = static_cast<u8>(b >> 1)) {
        product = static_cast<u8>((b & 1) != 0 ? product ^ a : product);
        a = times_x(a);
    }
    return product;
}

/// a^254, which is the inverse of a, and 0 for 0.
constexpr u8 inverse(u8 a) {
    u8 result = 1;
    for (int i = 0; i < 254; ++i) {
        result = multiply(result, a);
    }
    return result;
}

constexpr u8 substitute(u8 a) {
    const u8 b = inverse(a);
    return static_cast<u8>(b ^ std::rotl(b, 1) ^ std::rotl(b, 2) ^ std::rotl(b, 3) ^
                           std::rotl(b, 4) ^ 0x63);
}

struct Tables {
    Table forward{};
    Table backward{};
};
const Tables& tables() {
    static const Tables result = [] {
        Tables t;
        for (unsigned a = 0; a < 256; ++a) {
            const u8 s = substitute(static_cast<u8>(a));
            t.forward[a] = s;
            t.backward[s] = static_cast<u8>(a);
        }
        return t;
    }();
    return result;
}

/// Row r of the state (bytes r, r+4, ...) turned left by r columns; right for `direction` -1.
Bytes shift_rows(const Bytes& in, int direction) {
    Bytes out;
    for (int i = 0; i < 16; ++i) {
        const int row = i % 4;
        const int column = (i / 4 + direction * row + 4) % 4;
        out[i] = in[column * 4 + row];
    }
    return out;
}

Bytes substitute_bytes(const Bytes& in, const Table& table) {
    Bytes out;
    for (int i = 0; i < 16; ++i) {
        out[i] = table[in[i]];
    }
    return out;
}

/// Each column times the circulant matrix whose first row is `row`.
Bytes mix_columns(const Bytes& in, const std::array<u8, 4>& row) {
    Bytes out;
    for (int i = 0; i < 16; ++i) {
        u8 sum = 0;
        for (int k = 0; k < 4; ++k) {
            sum = static_cast<u8>(sum ^ multiply(in[i / 4 * 4 + (i + k) % 4], row[k]));
        }
        out[i] = sum;
    }
    return out;
}
constexpr std::array<u8, 4> forward_row = {2, 3, 1, 1};
constexpr std::array<u8, 4> backward_row = {14, 11, 13, 9};

Bytes to_bytes(Xmm a) {
    return std::bit_cast<Bytes>(a);
}
Xmm from_bytes(const Bytes& a) {
    return std::bit_cast<Xmm>(a);
}

Bytes last_encryption_round(Xmm state) {
    return substitute_bytes(shift_rows(to_bytes(state), 1), tables().forward);
}
Bytes last_decryption_round(Xmm state) {
    return substitute_bytes(shift_rows(to_bytes(state), -1), tables().backward);
}

u32 substitute_word(u32 word) {
    const Table& table = tables().forward;
    u32 result = 0;
    for (unsigned i = 0; i < 32; i += 8) {
        result |= u32{table[word >> i & 0xff]} << i;
    }
    return result;
}

}  // namespace

Xmm aesenc(Xmm state, Xmm key) {
    return pxor(from_bytes(mix_columns(last_encryption_round(state), forward_row)), key);
}
Xmm aesenclast(Xmm state, Xmm key) {
    return pxor(from_bytes(last_encryption_round(state)), key);
}
Xmm aesdec(Xmm state, Xmm key) {
    return pxor(from_bytes(mix_columns(last_decryption_round(state), backward_row)), key);
}
Xmm aesdeclast(Xmm state, Xmm key) {
    return pxor(from_bytes(last_decryption_round(state)), key);
}
Xmm aesimc(Xmm, Xmm key) {
    return from_bytes(mix_columns(to_bytes(key), backward_row));
}

Xmm aeskeygenassist(Xmm, Xmm key, u8 round_constant) {
    const auto x = lanes<u32>(key);
    const u32 first = substitute_word(x[1]);
    const u32 second = substitute_word(x[3]);
    return build<u32, Xmm>([&](int i) {
        const u32 word = i < 2 ? first : second;
        return i % 2 == 0 ? word : std::rotr(word, 8) ^ round_constant;
    });
}

Xmm pclmulqdq(Xmm a, Xmm b, u8 imm) {
    const u64 x = (imm & 0x01) != 0 ? a.high : a.low;
    const u64 y = (imm & 0x10) != 0 ? b.high : b.low;
    Xmm product;
    for (unsigned i = 0; i < 64; ++i) {
        if ((y >> i & 1) != 0) {
            product.low ^= x << i;
            product.high ^= i == 0 ? 0 : x >> (64 - i);
        }
    }
    return product;
}

}  // namespace ringfence::sim::isa::x86::simd
