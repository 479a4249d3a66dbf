// SPDX-License-Identifier: MIT
// AVX and AVX2 instructions that touch memory lane by lane: masked moves and gathers. A lane whose
// mask has no sign is not touched, and cannot fault. [intel/vol2]: VMASKMOV, VPMASKMOV, VGATHER,
// VPGATHER
#include <array>

#include "sim/isa/x86/avx_gather.h"
#include "sim/isa/x86/avx_operands.h"

namespace ringfence::sim::isa::x86::avx {

namespace {

template <typename T>
bool has_sign(T lane) {
    return (lane >> (sizeof(T) * 8 - 1)) != 0;
}

// Masked moves --------------------------------------------------------------------------------

/// dst = the lanes of memory that the first source selects, zeroes elsewhere.
template <typename T, typename V>
bool masked_load(Cpu& cpu, const Op& op) {
    const auto mask = lane_array<T>(read_register<V>(cpu, op.extra));
    const VirtualAddress address = linear_address(cpu, op);
    LaneArray<T, V> result{};
    for (usize i = 0; i < mask.size(); ++i) {
        if (has_sign(mask[i]) && !cpu.mmu.read(address + i * sizeof(T), result[i])) {
            return memory_fault(cpu, op);
        }
    }
    write_whole(cpu, op.dst, std::bit_cast<V>(result));
    return true;
}
/// All or nothing is stored.
template <typename T, typename V>
bool masked_store(Cpu& cpu, const Op& op) {
    const auto mask = lane_array<T>(read_register<V>(cpu, op.extra));
    const auto data = lane_array<T>(read_register<V>(cpu, op.src));
    const VirtualAddress address = linear_address(cpu, op);
    for (usize i = 0; i < mask.size(); ++i) {
        if (has_sign(mask[i]) && !cpu.mmu.probe_write(address + i * sizeof(T), sizeof(T))) {
            return memory_fault(cpu, op);
        }
    }
    for (usize i = 0; i < mask.size(); ++i) {
        if (has_sign(mask[i]) && !cpu.mmu.write(address + i * sizeof(T), data[i])) {
            return memory_fault(cpu, op);
        }
    }
    return true;
}
template <typename T, typename V>
bool bind_masked_of(const Instruction& in, OpBuilder& out) {
    if (!is_vector<V>(in, 1, out.op.extra)) {
        return false;
    }
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return is_vector<V>(in, 2, out.op.src) && out.straight<masked_store<T, V>>();
    }
    if (!is_vector<V>(in, 0, out.op.dst) || !in.is_memory(2)) {
        return false;
    }
    out.memory(in, 2);
    return out.straight<masked_load<T, V>>();
}
template <typename T>
bool bind_masked(const Instruction& in, OpBuilder& out) {
    return bind_masked_of<T, Xmm>(in, out) || bind_masked_of<T, Ymm>(in, out);
}

// Gathers -------------------------------------------------------------------------------------

/// Lanes are read from the lowest; those that were are in the destination, and out of the mask,
/// when a later one faults.
template <typename T, unsigned vector_bits, typename Index>
bool gather(Cpu& cpu, const Op& op) {
    const GatherAddress address(op);
    constexpr usize count = vector_bits / 8 / std::max(sizeof(T), sizeof(Index));
    auto result = lane_array<T>(read_register<Ymm>(cpu, op.dst));
    auto mask = lane_array<T>(read_register<Ymm>(cpu, op.src));
    const auto index = lane_array<Index>(read_register<Ymm>(cpu, op.extra));
    for (usize i = 0; i < count; ++i) {
        mask[i] = has_sign(mask[i]) ? static_cast<T>(~T{0}) : T{0};
    }
    for (usize i = 0; i < count; ++i) {
        if (mask[i] == 0) {
            continue;
        }
        VirtualAddress place;
        if (!address.resolve(cpu, op, static_cast<i64>(index[i]), sizeof(T), place) ||
            !(cpu.mmu.read(place, result[i]) || memory_fault(cpu, op))) {
            write_whole(cpu, op.dst, std::bit_cast<Ymm>(result));
            write_whole(cpu, op.src, std::bit_cast<Ymm>(mask));
            return false;
        }
        mask[i] = 0;
    }
    LaneArray<T, Ymm> whole{};
    std::copy_n(result.begin(), count, whole.begin());
    write_whole(cpu, op.dst, std::bit_cast<Ymm>(whole));
    write_whole(cpu, op.src, Ymm{});
    return true;
}

bool is_any_vector(const Instruction& in, unsigned i, u8& number) {
    return is_vector<Xmm>(in, i, number) || is_vector<Ymm>(in, i, number);
}
template <typename T, typename Index>
bool bind_gather(const Instruction& in, OpBuilder& out) {
    if (!is_any_vector(in, 0, out.op.dst) || !is_any_vector(in, 2, out.op.src)) {
        return false;
    }
    GatherAddress::describe(in, in.operand(1), out.op);
    return in.info.avx.vector_length == 256 ? out.straight<gather<T, 256, Index>>()
                                            : out.straight<gather<T, 128, Index>>();
}

constexpr std::array rows = {
    row(ZYDIS_MNEMONIC_VMASKMOVPS, &bind_masked<u32>),
    row(ZYDIS_MNEMONIC_VMASKMOVPD, &bind_masked<u64>),
    row(ZYDIS_MNEMONIC_VPMASKMOVD, &bind_masked<u32>),
    row(ZYDIS_MNEMONIC_VPMASKMOVQ, &bind_masked<u64>),
    row(ZYDIS_MNEMONIC_VGATHERDPS, &bind_gather<u32, i32>),
    row(ZYDIS_MNEMONIC_VGATHERDPD, &bind_gather<u64, i32>),
    row(ZYDIS_MNEMONIC_VGATHERQPS, &bind_gather<u32, i64>),
    row(ZYDIS_MNEMONIC_VGATHERQPD, &bind_gather<u64, i64>),
    row(ZYDIS_MNEMONIC_VPGATHERDD, &bind_gather<u32, i32>),
    row(ZYDIS_MNEMONIC_VPGATHERDQ, &bind_gather<u64, i32>),
    row(ZYDIS_MNEMONIC_VPGATHERQD, &bind_gather<u32, i64>),
    row(ZYDIS_MNEMONIC_VPGATHERQQ, &bind_gather<u64, i64>),
};

}  // namespace

std::span<const BinderRow> avx_masked_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86::avx
