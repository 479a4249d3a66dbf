// SPDX-License-Identifier: MIT
// What the core asks of the memory system: translation and caches together, by virtual address.
#pragma once

#include "base/address.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

enum class AccessIntent : u8 {
    Load,
    Store,
    LoadStore,     ///< read-modify-write: one translation, then a load, then a store
    PrefetchT0,    ///< into L1D; never faults, and so on for the next two
    PrefetchFar,   ///< T1, T2: into L2
    PrefetchOnce,  ///< NTA: into L1D, not into L2
    Flush,         ///< CLFLUSH, CLFLUSHOPT: out of every level
    WriteBack,     ///< CLWB: stays, clean
};

[[nodiscard]] constexpr bool loads(AccessIntent intent) {
    return intent == AccessIntent::Load || intent == AccessIntent::LoadStore;
}
[[nodiscard]] constexpr bool stores(AccessIntent intent) {
    return intent == AccessIntent::Store || intent == AccessIntent::LoadStore;
}

struct DataAccess {
    VirtualAddress address;
    u32 bytes = 0;  ///< 1 to 64; larger operands are split by the caller
    AccessIntent intent = AccessIntent::Load;
    bool system = false;  ///< with supervisor rights whatever CPL is: descriptor tables, frames
};

/// When an access that was sent at a cycle is done, and what the wait was for. `ready` is at least
/// the cycle plus the latency of a hit everywhere; the parts are what was added to that.
struct AccessTime {
    Cycle ready = 0;
    Cycle translation = 0;
    Cycle cache = 0;
    /// No data will come: dependents never begin (until the squash that the fault causes). Of a
    /// store: it faults, and will not be written.
    bool blocked = false;
};

class MemoryPort {
public:
    virtual ~MemoryPort() = default;

    /// The `bytes` (within one 64-byte line) of code at `address` are in the fetch buffer at
    /// `ready`.
    virtual AccessTime fetch(VirtualAddress address, unsigned bytes, Cycle at) = 0;
    /// Loads, prefetches and flushes; for stores, the translation alone.
    virtual AccessTime access(const DataAccess& access, Cycle at) = 0;
    /// A store leaves the store buffer: when its line is in L1D, to be written.
    virtual Cycle commit_store(const DataAccess& access, Cycle at) = 0;
};

}  // namespace ringfence::sim::timing
