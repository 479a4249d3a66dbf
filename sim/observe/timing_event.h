// SPDX-License-Identifier: MIT
// What the timed engine does to state that outlives an instruction, step by step: enough to tell
// two runs apart by all that a program could measure, and to follow what a squashed path did.
#pragma once

#include "base/address.h"

namespace ringfence::sim::observe {

/// Events come in the order in which the model works, which is program order, wrong paths among it;
/// their cycles may go back and forth.
struct TimingEvent {
    enum class Kind : u8 {
        Retired,     ///< the instruction at `rip`, at `cycle`
        Access,      ///< a part of what the instruction that retired accessed
        Delivered,   ///< an exception or interrupt; its handler is at `rip`. `number`: the vector
        PathBegins,  ///< what follows from `rip` on will be squashed at `cycle`
        Transient,   ///< an instruction of that path began
        TransientAccess,  ///< a part of what it accessed
        Forbidden,        ///< a load was sent that faults if it retires: what its dependents get
        PathEnds,         ///< as many events of the path as there are have come
        Filled,           ///< a line was put into a cache; its data is there at `cycle`
        Evicted,          ///< a line had to leave
        Flushed,          ///< a line was taken out of all caches
    };
    enum class Cache : u8 { L1d, L1i, L2, Llc };
    /// Forbidden: what dependents get until the fault is raised, which the CPU decides.
    enum class Forwarded : u8 { Nothing, Zero, Data };
    /// Forbidden: why.
    enum class Reason : u8 {
        Supervisor,  ///< a page that is not user mode's
        NoPage,      ///< the walk ended at an entry that is not present. `number`: log2 of what
                     ///< that entry would have covered
        Malformed,   ///< the same of an entry with a reserved bit set
        Other,       ///< no address that any table has, or a right of another kind
    };

    Kind kind = Kind::Retired;
    bool user = false;  ///< at CPL 3
    /// PathBegins: the instruction at `rip` faults, and runs on; else a branch went another way.
    bool fault = false;
    Cache cache = Cache::L1d;  ///< Filled, Evicted
    Forwarded forwarded = Forwarded::Nothing;
    Reason reason = Reason::Supervisor;
    u32 number = 0;  ///< Filled, Evicted: the set
    u64 cycle = 0;
    VirtualAddress rip{};        ///< of the instruction on whose behalf it happens
    VirtualAddress address{};    ///< Access, TransientAccess, Forbidden
    PhysicalAddress physical{};  ///< of these, if there is one; Filled and so on: the line's

    bool operator==(const TimingEvent&) const = default;
};

}  // namespace ringfence::sim::observe
