// SPDX-License-Identifier: MIT
// The caches, what fills them and what they wait for. It holds no data: it says when data would be
// there, and which lines are where afterwards.
#pragma once

#include "base/address.h"
#include "base/compiler.h"
#include "sim/timing/cache.h"
#include "sim/timing/fill_buffers.h"
#include "sim/timing/line_listener.h"
#include "sim/timing/memory_channel.h"
#include "sim/timing/parameters.h"
#include "sim/timing/stream_prefetcher.h"
#include "sim/timing/stride_prefetcher.h"

namespace ringfence::sim::timing {

inline constexpr u64 cache_line_bytes = 64;

/// Where an access found its line.
enum class Level : u8 {
    L1,        ///< filled before the access
    InFlight,  ///< on its way already, for an earlier access or a prefetch
    L2,
    Llc,
    Memory,
};

struct CacheTime {
    Cycle ready = 0;      ///< load to use
    Cycle beyond_l1 = 0;  ///< `ready` minus what an L1 hit would have been
    Level level = Level::L1;
};

enum class PrefetchTarget : u8 {
    L1d,       ///< and the levels below, as a load
    L2,        ///< and below
    L1dNotL2,  ///< what is used once
};

struct CacheCounts {
    u64 hits = 0;
    u64 in_flight = 0;  ///< found, but not filled yet
    u64 misses = 0;
    bool operator==(const CacheCounts&) const = default;
};

struct PrefetchCounts {
    u64 issued = 0;
    u64 dropped = 0;  ///< no buffer was free
    bool operator==(const PrefetchCounts&) const = default;
};

struct HierarchyStatistics {
    CacheCounts l1i, l1d, l2, llc;  ///< demands only; page walks count as data
    PrefetchCounts software, stride, streamer, adjacent_line, next_line;
    u64 memory_reads = 0;
    u64 memory_writes = 0;
    u64 back_invalidations = 0;  ///< lines that L1 or L2 lost because an inclusive LLC did

    void visit_state(state::Visitor& visitor);
    bool operator==(const HierarchyStatistics&) const = default;
};

/// Accesses come in program order; their times may go back and forth as those of an out-of-order
/// core do. Any address of a line stands for it. Replacement is true LRU at every level.
///
/// A level's latency is a load's, from the core. A line that is on its way is in the caches from
/// the moment of its miss, with the time at which it arrives: whoever asks earlier waits for that.
class MemoryHierarchy {
public:
    /// L1I and L1D exist; L2 and LLC may be absent. At least one buffer of each kind.
    explicit MemoryHierarchy(const HierarchyParameters& parameters);

    /// A demand load of `instruction_address`, by which the stride prefetcher knows it.
    RF_ALWAYS_INLINE CacheTime load(PhysicalAddress address, Cycle at, u64 instruction_address) {
        const CacheTime time = data_access(line_of(address), at);
        if (parameters_.stride_prefetcher) {
            if (const auto next = stride_.observe(address, instruction_address)) {
                prefetch_stride(*next, at);
            }
        }
        return time;
    }
    /// Read for ownership: the line is in L1D, dirty, at `ready`.
    RF_ALWAYS_INLINE CacheTime store(PhysicalAddress address, Cycle at) {
        const u64 line = line_of(address);
        const u32 slot = l1d_.find(line);
        if (RF_LIKELY(slot != Cache::none && l1d_.filled(slot) <= at)) {
            l1d_.set_dirty(slot, true);
            return l1d_hit(slot, at);
        }
        const CacheTime time = data_slow(line, at, slot);
        l1d_.set_dirty(l1d_.find(line), true);
        return time;
    }
    /// A fetch of code through L1I. `beyond_l1` is relative to L1I's latency.
    RF_ALWAYS_INLINE CacheTime fetch(PhysicalAddress address, Cycle at) {
        const u64 line = line_of(address);
        const u32 slot = l1i_.find(line);
        if (RF_LIKELY(slot != Cache::none && l1i_.filled(slot) <= at && !l1i_.prefetched(slot))) {
            l1i_.touch(slot);
            ++statistics_.l1i.hits;
            return {at + parameters_.l1i.latency, 0, Level::L1};
        }
        return fetch_slow(line, at, slot);
    }
    /// The page walker's read of an entry: through L1D, unseen by the stride prefetcher.
    CacheTime walk_read(PhysicalAddress address, Cycle at) {
        return data_access(line_of(address), at);
    }

    /// A hint: takes buffers if they are free at `at`, else nothing happens.
    void prefetch(PhysicalAddress address, PrefetchTarget target, Cycle at);
    /// CLFLUSH: out of every level; a line on its way is dropped when it comes.
    void flush_line(PhysicalAddress address, Cycle at);
    /// CLWB: written to memory if it is dirty, and kept.
    void write_back(PhysicalAddress address, Cycle at);

    /// Whether a load at `at` would find its data in L1D: there, and filled by then. Not a use.
    [[nodiscard]] bool in_l1d(PhysicalAddress address, Cycle at) const {
        const u32 slot = l1d_.find(line_of(address));
        return slot != Cache::none && l1d_.filled(slot) <= at;
    }
    /// Whether a level has the line, or has it on the way. Not a use. For probes and tests.
    [[nodiscard]] bool l1i_holds(PhysicalAddress a) const { return holds(l1i_, a); }
    [[nodiscard]] bool l1d_holds(PhysicalAddress a) const { return holds(l1d_, a); }
    [[nodiscard]] bool l2_holds(PhysicalAddress a) const { return holds(l2_, a); }
    [[nodiscard]] bool llc_holds(PhysicalAddress a) const { return holds(llc_, a); }

    /// Tells `listener` of each line that comes or goes from now on; null: nobody.
    void tell(LineListener* listener) { listener_ = listener; }

    [[nodiscard]] const HierarchyParameters& parameters() const { return parameters_; }
    [[nodiscard]] const HierarchyStatistics& statistics() const { return statistics_; }
    /// `latest`: nothing is on its way for longer.
    void visit_state(state::Visitor& visitor, Cycle latest);
    /// As made: empty, at cycle 0.
    void reset();

private:
    static u64 line_of(PhysicalAddress address) { return address.value() / cache_line_bytes; }
    static bool holds(const Cache& cache, PhysicalAddress address) {
        return cache.find(line_of(address)) != Cache::none;
    }

    RF_ALWAYS_INLINE CacheTime data_access(u64 line, Cycle at) {
        const u32 slot = l1d_.find(line);
        if (RF_LIKELY(slot != Cache::none && l1d_.filled(slot) <= at)) {
            return l1d_hit(slot, at);
        }
        return data_slow(line, at, slot);
    }
    RF_ALWAYS_INLINE CacheTime l1d_hit(u32 slot, Cycle at) {
        l1d_.touch(slot);
        ++statistics_.l1d.hits;
        return {at + parameters_.l1d.latency, 0, Level::L1};
    }
    RF_NEVER_INLINE CacheTime data_slow(u64 line, Cycle at, u32 slot);
    RF_NEVER_INLINE CacheTime fetch_slow(u64 line, Cycle at, u32 slot);

    /// On whose behalf a lower level is asked.
    enum class Request : u8 { Demand, Prefetch };
    /// What a lower level answers.
    struct Supply {
        Cycle ready = 0;
        Level level = Level::Memory;
        bool dirty = false;  ///< the asking level has the only copy, and it is dirty
    };
    Supply ask_l2(u64 line, Cycle at, Request request, bool keep_in_l2);
    Supply fill_l2(u64 line, Cycle at, Request request, bool keep_in_l2);
    Supply ask_beyond_l2(u64 line, Cycle at, Request request);
    void train_l2(u64 line, Cycle at, bool missed);

    void prefetch_stride(PhysicalAddress address, Cycle at);
    void prefetch_into_l1d(u64 line, Cycle at, bool keep_in_l2, PrefetchCounts& counts);
    void prefetch_into_l1i(u64 line, Cycle at);
    /// False if the line is not there and no buffer was free for it.
    bool prefetch_into_l2(u64 line, Cycle at, PrefetchCounts& counts);
    /// Whether asking L2 for a prefetch would wait for nothing.
    [[nodiscard]] bool l2_would_take(u64 line, Cycle at) const;

    using CacheName = LineListener::CacheName;
    Cache& cache(CacheName name);
    /// Puts a line into a cache, and gives what had to leave.
    Cache::Evicted put(CacheName name, u64 line, Cycle filled, bool dirty, bool prefetched = false);
    void announce(LineListener::Change change, CacheName name, u64 line, Cycle at);
    void put_l1d(u64 line, Cycle filled, bool dirty);
    void put_l2(u64 line, Cycle filled, bool dirty);
    void put_llc(u64 line, Cycle filled, bool dirty);
    void leave_l2(Cache::Evicted evicted, Cycle at);
    void leave_llc(Cache::Evicted evicted, Cycle at);
    void write_memory(Cycle at);

    HierarchyParameters parameters_;
    Cache l1d_;
    Cache l1i_;
    Cache l2_;
    Cache llc_;
    FillBuffers fill_buffers_;
    FillBuffers l2_fill_buffers_;
    MemoryChannel channel_;
    StridePrefetcher stride_;
    StreamPrefetcher streamer_;
    HierarchyStatistics statistics_;
    LineListener* listener_ = nullptr;
};

}  // namespace ringfence::sim::timing
