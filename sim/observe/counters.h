// SPDX-License-Identifier: MIT
// What the machine counts in every run. Plain sums: they never influence the guest.
#pragma once

#include <array>

#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::observe {

/// Where in the life of a kernel entry an instruction belongs: by privilege level and, for the
/// kernel, by the address ranges that its image names as entry and exit code.
enum class Place : u8 { User, Entry, Kernel, Exit };
inline constexpr unsigned place_count = 4;

/// Ways into the kernel.
enum class EntryKind : u8 { Syscall, Interrupt, PageFault, OtherException };
inline constexpr unsigned entry_kind_count = 4;

struct Counters {
    std::array<u64, place_count> instructions{};  ///< retired; a completed REP counts once
    std::array<u64, entry_kind_count> entries{};  ///< all deliveries
    std::array<u64, entry_kind_count> entries_from_user{};  ///< those from CPL 3
    std::array<u64, 32> exceptions{};                       ///< by vector
    u64 root_writes = 0;                                    ///< MOV to CR3
    u64 root_writes_no_flush = 0;                           ///< those that kept the TLB (bit 63)
    u64 invlpg = 0;
    u64 invpcid = 0;
    u64 tlb_flushes = 0;  ///< architectural flushes of more than one page, by any cause
    u64 page_walks = 0;   ///< walks by the machine's MMU; depends on the host model of the TLB only
    u64 transactions = 0;  ///< begun; a nested one is part of the outermost
    u64 transaction_aborts = 0;
    u64 unimplemented_instructions = 0;

    void visit_state(state::Visitor& visitor);

    [[nodiscard]] u64 total_instructions() const {
        u64 sum = 0;
        for (const u64 count : instructions) {
            sum += count;
        }
        return sum;
    }
    [[nodiscard]] u64& instructions_at(Place place) {
        return instructions[static_cast<unsigned>(place)];
    }
    [[nodiscard]] u64 instructions_at(Place place) const {
        return instructions[static_cast<unsigned>(place)];
    }
};

}  // namespace ringfence::sim::observe
