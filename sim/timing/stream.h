// SPDX-License-Identifier: MIT
// One path of instructions through the core: the one that retires, or one that will be squashed.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/compiler.h"
#include "sim/timing/cycle.h"
#include "sim/timing/instruction_profile.h"
#include "sim/timing/return_stack.h"

namespace ringfence::sim::timing {

/// What the next instruction's lateness in the front end was for; of one instruction.
struct FetchWait {
    Cycle translation = 0;    ///< first-level ITLB misses
    Cycle cache = 0;          ///< L1I misses
    bool mispredict = false;  ///< the first on the right path after a mispredicted branch
};

/// Where fetch stands. Cycles are those at which bytes that hit in L1I are sent to the decoders.
struct FrontEnd {
    static constexpr u64 line_bytes = 64;
    static constexpr u64 no_line = ~u64{0};

    u64 line = no_line;    ///< 64-byte line in the fetch buffer
    Cycle line_began = 0;  ///< when its first bytes were used: the next line is asked for then
    Cycle cycle = 0;       ///< of the present fetch group
    u32 bytes = 0;         ///< fetched in this cycle
    u32 instructions = 0;  ///< decoded in this cycle
    FetchWait wait;

    static u64 line_of(u64 address) { return address & ~(line_bytes - 1); }

    void next_group(Cycle at) {
        cycle = at;
        bytes = 0;
        instructions = 0;
    }
};

/// Slots of a stage that takes so many per cycle, in order.
struct InOrderStage {
    Cycle cycle = 0;
    u32 used = 0;

    /// Takes `slots`, at `at` or later, `width` per cycle; the cycle that has the last of them.
    Cycle take(Cycle at, u32 slots, u32 width) {
        if (at > cycle) {
            cycle = at;
            used = 0;
        }
        used += slots;
        while (used > width) {
            used -= width;
            ++cycle;
        }
        return cycle;
    }
};

/// All that differs between paths. A copy of the main path's tries a path that may be squashed;
/// tables and queues are the core's (see Core::step_transient for why that is enough).
struct Stream {
    std::array<Cycle, reg::slots> ready{};  ///< when each register's newest value is
    FrontEnd front;
    InOrderStage dispatch;
    InOrderStage retire;
    u64 micro_operations = 0;  ///< numbers of the next ones
    u64 loads = 0;
    u64 stores = 0;
    Cycle completed = 0;         ///< the latest completion so far
    Cycle committed = 0;         ///< the latest store's arrival in L1D
    Cycle not_before = 0;        ///< younger instructions do not begin earlier
    Cycle loads_not_before = 0;  ///< younger loads do not
    u64 history = 0;             ///< directions of branches, the newest in bit 0
    ReturnStack returns;
    Cycle squash_at = never;  ///< nothing begins at this cycle or later

    /// When all of `registers` are ready; 0 of none.
    template <unsigned capacity>
    [[nodiscard]] RF_ALWAYS_INLINE Cycle
    last_ready(const RegisterList<capacity, reg::always_ready>& registers) const {
        using List = std::remove_cvref_t<decltype(registers)>;
        Cycle last = std::max(ready[registers.names[0]], ready[registers.names[1]]);
        for (unsigned i = List::unconditional; RF_UNLIKELY(i < registers.size); ++i) {
            last = std::max(last, ready[registers.names[i]]);
        }
        return last;
    }
    /// All of `registers` are ready at `at`.
    template <unsigned capacity>
    RF_ALWAYS_INLINE void set_ready(const RegisterList<capacity, reg::unread>& registers,
                                    Cycle at) {
        using List = std::remove_cvref_t<decltype(registers)>;
        ready[registers.names[0]] = at;
        ready[registers.names[1]] = at;
        for (unsigned i = List::unconditional; RF_UNLIKELY(i < registers.size); ++i) {
            ready[registers.names[i]] = at;
        }
    }
};

}  // namespace ringfence::sim::timing
