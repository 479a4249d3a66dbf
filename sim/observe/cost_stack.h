// SPDX-License-Identifier: MIT
// Where the cycles of a timed run went: each is charged to one cause and one place, so that two
// runs differ by exactly the sum of their differences.
#pragma once

#include <array>

#include "sim/observe/counters.h"
#include "sim/state/forward.h"

namespace ringfence::sim::observe {

/// Why retirement did not move on faster.
enum class Cause : u8 {
    Base,            ///< retirement width, latency of execution, dependences
    FrontEnd,        ///< L1I misses, fetch and decode width, refill after a serialising instruction
    Mispredict,      ///< the path after a mispredicted branch had to be fetched anew
    InstructionTlb,  ///< translations of fetches that missed the first-level ITLB
    DataTlb,         ///< translations of loads and stores that missed the first-level DTLB
    DataCache,       ///< loads and stores that missed L1D
    RootWrite,       ///< MOV to CR3
    Transition,      ///< SYSCALL, SYSRET, IRET, SWAPGS, delivery of interrupts and exceptions
    TlbMaintenance,  ///< INVLPG, INVPCID
    Serialization,   ///< fences, transactions, CPUID, RDMSR, WRMSR, port I/O and kin
    Idle,            ///< halted
};
inline constexpr unsigned cause_count = 11;

struct CostStack {
    std::array<std::array<u64, cause_count>, place_count> cycles{};

    [[nodiscard]] u64& at(Place place, Cause cause) {
        return cycles[static_cast<unsigned>(place)][static_cast<unsigned>(cause)];
    }
    [[nodiscard]] u64 at(Place place, Cause cause) const {
        return cycles[static_cast<unsigned>(place)][static_cast<unsigned>(cause)];
    }
    [[nodiscard]] u64 total() const {
        u64 sum = 0;
        for (const auto& place : cycles) {
            for (const u64 value : place) {
                sum += value;
            }
        }
        return sum;
    }
    /// Takes off what an earlier stack of the same run had; of another run's, modulo 2^64.
    CostStack& operator-=(const CostStack& other) {
        for (unsigned place = 0; place < place_count; ++place) {
            for (unsigned cause = 0; cause < cause_count; ++cause) {
                cycles[place][cause] -= other.cycles[place][cause];
            }
        }
        return *this;
    }
    void visit_state(state::Visitor& visitor);
    bool operator==(const CostStack&) const = default;
};

}  // namespace ringfence::sim::observe
