// SPDX-License-Identifier: MIT
// AVX and AVX2 instructions that move lanes: within halves, across them, from one to all, and whole
// halves. [intel/vol2]: under each name
#include <array>

#include "sim/isa/x86/avx_operands.h"
#include "sim/isa/x86/simd_shuffle.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

using namespace simd;

/// The register with each lane of `T` computed from its index.
template <typename T, typename F>
Ymm build_all(const F& lane) {
    LaneArray<T, Ymm> result;
    for (unsigned i = 0; i < result.size(); ++i) {
        result[i] = lane(i);
    }
    return std::bit_cast<Ymm>(result);
}

// Within halves -------------------------------------------------------------------------------

/// VPERMILPS: two bits of each lane of `b` choose a lane of `a`.
Xmm permute_singles(Xmm a, Xmm b) {
    const auto x = lanes<u32>(a);
    const auto chosen = lanes<u32>(b);
    return build<u32, Xmm>([&](int i) { return x[chosen[i] & 3]; });
}
/// VPERMILPD: bit 1 of each lane.
Xmm permute_doubles(Xmm a, Xmm b) {
    const auto choose = [&](u64 control) { return (control & 2) != 0 ? a.high : a.low; };
    return {.low = choose(b.low), .high = choose(b.high)};
}
Xmm permute_doubles_by_immediate(Xmm, Xmm b, u8 imm) {
    return shufpd(b, b, imm);
}
/// By another register, or by an immediate, of which `step` bits belong to each half.
template <auto by_register, auto by_imm, unsigned step>
bool bind_permute_in_halves(const Instruction& in, OpBuilder& out) {
    return in.is_immediate(2) ? bind_both<by_imm, Halves<by_imm, step>{}>(in, out)
                              : bind_both<by_register>(in, out);
}

// Across halves -------------------------------------------------------------------------------

Ymm permute_words(Ymm a, Ymm b) {
    const auto chosen = lane_array<u32>(a);
    const auto x = lane_array<u32>(b);
    return build_all<u32>([&](unsigned i) { return x[chosen[i] & 7]; });
}
Ymm permute_quadwords(Ymm, Ymm b, u8 imm) {
    const auto x = lane_array<u64>(b);
    return build_all<u64>([&](unsigned i) { return x[imm >> (2 * i) & 3]; });
}
/// Each half of the result is one of the four halves, or zero.
Ymm permute_halves(Ymm a, Ymm b, u8 imm) {
    const std::array<Xmm, 4> halves{a.low, a.high, b.low, b.high};
    const auto choose = [&](unsigned control) {
        return (control & 8) != 0 ? Xmm{} : halves[control & 3];
    };
    return {.low = choose(imm & 0xf), .high = choose(imm >> 4 & 0xfU)};
}
Ymm insert_half(Ymm a, Xmm b, u8 imm) {
    return (imm & 1) != 0 ? Ymm{.low = a.low, .high = b} : Ymm{.low = b, .high = a.high};
}
Xmm extract_half(Ymm b, u8 imm) {
    return (imm & 1) != 0 ? b.high : b.low;
}
Xmm extracted_half(Xmm, Ymm b, u8 imm) {
    return extract_half(b, imm);
}
bool bind_extract_half(const Instruction& in, OpBuilder& out) {
    return bind_to_memory<extract_half, Ymm, Xmm>(in, out) ||
           bind_as<extracted_half, Xmm, Ymm>(in, out);
}

// From one to all -----------------------------------------------------------------------------

template <typename T>
Xmm broadcast(Xmm, Xmm b) {
    const T lane = lanes<T>(b)[0];
    return build<T, Xmm>([&](int) { return lane; });
}
template <typename T>
Ymm broadcast256(Ymm, Xmm b) {
    const Xmm half = broadcast<T>({}, b);
    return {.low = half, .high = half};
}
Ymm broadcast_half(Ymm, Xmm b) {
    return {.low = b, .high = b};
}
template <typename T>
bool bind_broadcast(const Instruction& in, OpBuilder& out) {
    return bind_as<broadcast<T>, Xmm, Xmm, T>(in, out) ||
           bind_as<broadcast256<T>, Ymm, Xmm, T>(in, out);
}

// Blends --------------------------------------------------------------------------------------

/// The fourth operand, a register, is the mask; its number is the immediate.
template <typename T, typename V>
V blended(const V& a, const V& b, const V& mask) {
    if constexpr (sizeof(V) == sizeof(Ymm)) {
        return Halves<blend_variable<T>>{}(a, b, mask);
    } else {
        return blend_variable<T>(a, b, mask);
    }
}
template <typename T, typename V>
void blend_registers(Cpu& cpu, const Op& op) {
    const V mask = read_register<V>(cpu, static_cast<u8>(op.immediate));
    write_whole(cpu, op.dst,
                blended<T>(read_register<V>(cpu, op.extra), read_register<V>(cpu, op.src), mask));
}
template <typename T, typename V>
bool blend_memory(Cpu& cpu, const Op& op) {
    V second;
    if (!load(cpu, op, second)) {
        return false;
    }
    const V mask = read_register<V>(cpu, static_cast<u8>(op.immediate));
    write_whole(cpu, op.dst, blended<T>(read_register<V>(cpu, op.extra), second, mask));
    return true;
}
template <typename T, typename V>
bool bind_blend_of(const Instruction& in, OpBuilder& out) {
    u8 mask = 0;
    if (!is_vector<V>(in, 0, out.op.dst) || !is_vector<V>(in, 1, out.op.extra) ||
        !is_vector<V>(in, 3, mask)) {
        return false;
    }
    out.op.immediate = mask;
    if (in.is_memory(2)) {
        out.memory(in, 2);
        return out.straight<blend_memory<T, V>>();
    }
    return is_vector<V>(in, 2, out.op.src) && out.straight<blend_registers<T, V>>();
}
template <typename T>
bool bind_blend(const Instruction& in, OpBuilder& out) {
    return bind_blend_of<T, Xmm>(in, out) || bind_blend_of<T, Ymm>(in, out);
}

constexpr std::array rows = {
    both<shufps>(ZYDIS_MNEMONIC_VSHUFPS),
    both_stepping<shufpd, 2>(ZYDIS_MNEMONIC_VSHUFPD),
    both<punpckl<u32, Xmm>>(ZYDIS_MNEMONIC_VUNPCKLPS),
    both<punpckh<u32, Xmm>>(ZYDIS_MNEMONIC_VUNPCKHPS),
    both<punpckl<u64, Xmm>>(ZYDIS_MNEMONIC_VUNPCKLPD),
    both<punpckh<u64, Xmm>>(ZYDIS_MNEMONIC_VUNPCKHPD),
    row(ZYDIS_MNEMONIC_VPERMILPS, &bind_permute_in_halves<permute_singles, pshufd, 0>),
    row(ZYDIS_MNEMONIC_VPERMILPD,
        &bind_permute_in_halves<permute_doubles, permute_doubles_by_immediate, 2>),
    as<permute_words, Ymm>(ZYDIS_MNEMONIC_VPERMD),
    as<permute_words, Ymm>(ZYDIS_MNEMONIC_VPERMPS),
    as<permute_quadwords, Ymm>(ZYDIS_MNEMONIC_VPERMQ),
    as<permute_quadwords, Ymm>(ZYDIS_MNEMONIC_VPERMPD),
    as<permute_halves, Ymm>(ZYDIS_MNEMONIC_VPERM2F128),
    as<permute_halves, Ymm>(ZYDIS_MNEMONIC_VPERM2I128),
    as<insert_half, Ymm, Xmm>(ZYDIS_MNEMONIC_VINSERTF128),
    as<insert_half, Ymm, Xmm>(ZYDIS_MNEMONIC_VINSERTI128),
    row(ZYDIS_MNEMONIC_VEXTRACTF128, &bind_extract_half),
    row(ZYDIS_MNEMONIC_VEXTRACTI128, &bind_extract_half),
    as<broadcast_half, Ymm, Xmm>(ZYDIS_MNEMONIC_VBROADCASTF128),
    as<broadcast_half, Ymm, Xmm>(ZYDIS_MNEMONIC_VBROADCASTI128),
    row(ZYDIS_MNEMONIC_VBROADCASTSS, &bind_broadcast<u32>),
    row(ZYDIS_MNEMONIC_VBROADCASTSD, &bind_broadcast<u64>),
    row(ZYDIS_MNEMONIC_VPBROADCASTB, &bind_broadcast<u8>),
    row(ZYDIS_MNEMONIC_VPBROADCASTW, &bind_broadcast<u16>),
    row(ZYDIS_MNEMONIC_VPBROADCASTD, &bind_broadcast<u32>),
    row(ZYDIS_MNEMONIC_VPBROADCASTQ, &bind_broadcast<u64>),
    both_stepping<blend<u32>, 4>(ZYDIS_MNEMONIC_VBLENDPS),
    both_stepping<blend<u64>, 2>(ZYDIS_MNEMONIC_VBLENDPD),
    row(ZYDIS_MNEMONIC_VPBLENDVB, &bind_blend<i8>),
    row(ZYDIS_MNEMONIC_VBLENDVPS, &bind_blend<i32>),
    row(ZYDIS_MNEMONIC_VBLENDVPD, &bind_blend<i64>),
};

}  // namespace

std::span<const BinderRow> avx_permute_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
