// SPDX-License-Identifier: MIT
// A transaction that runs (RTM), and what the registers were when it began. [intel/vol1]: 16.3
#pragma once

#include "base/bits.h"
#include "sim/cpu/fpu_state.h"
#include "sim/cpu/lazy_flags.h"
#include "sim/cpu/registers.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// What EAX says after an abort. Zero where none of it fits. [intel/vol1]: 16.3.5, table 16-1
struct AbortStatus {
    static constexpr Flag<0, u32> explicit_abort{};  ///< XABORT; its operand is `argument`
    static constexpr Flag<1, u32> may_retry{};
    static constexpr Flag<2, u32> conflict{};  ///< with another processor
    static constexpr Flag<3, u32> overflow{};  ///< more was written than can be kept
    static constexpr Flag<4, u32> debug{};     ///< a breakpoint, or a single step
    static constexpr Flag<5, u32> nested{};    ///< inside a nested transaction
    static constexpr Bitfield<24, 8, u32> argument{};
};

/// The registers that an abort gives back. Those that are not here cannot change in a transaction:
/// the instructions that would change them abort it.
struct Checkpoint {
    RegisterFile gpr;
    LazyFlags flags;
    FpuState fpu;
    i64 direction = 1;

    void visit_state(state::Visitor& visitor);
};

/// Of one processor. [intel/vol2]: XBEGIN, "Operation"
struct Transaction {
    /// MAX_RTM_NEST_COUNT: this many XBEGINs may wait for their XEND.
    static constexpr unsigned deepest = 7;

    [[nodiscard]] bool active() const { return depth != 0; }

    unsigned depth = 0;  ///< RTM_NEST_COUNT
    u64 fallback = 0;    ///< where the outermost XBEGIN wants aborts to go on
    /// Of an abort that the running instruction asks for: AbortStatus.
    u32 requested_status = 0;
    Checkpoint checkpoint;  ///< when the outermost began

    void visit_state(state::Visitor& visitor);
};

}  // namespace ringfence::sim::cpu
