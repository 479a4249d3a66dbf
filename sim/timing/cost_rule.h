// SPDX-License-Identifier: MIT
// Which causes the cycles between two retirements are charged to.
#pragma once

#include "sim/observe/cost_stack.h"
#include "sim/timing/cycle.h"
#include "sim/timing/instruction_profile.h"
#include "sim/timing/stream.h"

namespace ringfence::sim::timing {

/// What one instruction waited for, from fetch to retirement.
struct Waits {
    FetchWait fetch{};
    Cycle front_end = 0;    ///< dispatch had slots and queue entries, and no instruction
    Cycle store_queue = 0;  ///< dispatch had an instruction, and older stores not yet in L1D
    Cycle supplied = 0;     ///< when it would have completed, had it waited for the front end only
    Cycle dispatched = 0;   ///< when it would have completed, had it waited until dispatch only
    Cycle translation = 0;  ///< of the access that was ready last, beyond a first-level hit
    Cycle cache = 0;        ///< the same, beyond an L1D hit
};

/// Charges the cycles from `previous`, the retirement before, to `retired`, all of them, to
/// `place`. From the top of the pipeline down, each cause gets what it delayed this instruction by,
/// as far as older instructions did not hide it:
///  1. the front end: InstructionTlb, FrontEnd for L1I misses, then Mispredict or FrontEnd;
///  2. the store queue: DataCache, for stores wait there for their lines;
///  3. the instruction's own accesses: DataCache, then DataTlb, the latest cycles first;
///  4. the rest: the instruction's own cause if it is an event or a fence, else Base. Waiting for
///     an older instruction's result was charged to that one, which retired before.
void charge(observe::CostStack& stack, observe::Place place, const InstructionProfile& profile,
            const Waits& waits, Cycle previous, Cycle retired);

/// Base for None.
observe::Cause cause_of(Event event);

}  // namespace ringfence::sim::timing
