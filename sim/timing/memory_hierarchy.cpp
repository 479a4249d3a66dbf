// SPDX-License-Identifier: MIT
// Misses, and what they make the levels do. A request goes down (ask_*), its line comes up (put_*),
// and what it pushes out goes down (leave_*).
#include "sim/timing/memory_hierarchy.h"

#include <algorithm>

namespace ringfence::sim::timing {

namespace {

constexpr u64 lines_in_page = 4 * kib / cache_line_bytes;

}  // namespace

MemoryHierarchy::MemoryHierarchy(const HierarchyParameters& parameters)
    : parameters_(parameters),
      l1d_(parameters.l1d),
      l1i_(parameters.l1i),
      l2_(parameters.l2),
      llc_(parameters.llc),
      fill_buffers_(parameters.fill_buffers),
      l2_fill_buffers_(parameters.l2_fill_buffers),
      channel_(parameters.memory_gap) {
    RF_ASSERT(!l1d_.absent() && !l1i_.absent());
}

// Demands -----------------------------------------------------------------------------------------

CacheTime MemoryHierarchy::data_slow(u64 line, Cycle at, u32 slot) {
    const Cycle hit = at + parameters_.l1d.latency;
    if (slot != Cache::none) {
        l1d_.touch(slot);
        ++statistics_.l1d.in_flight;
        const Cycle ready = std::max(l1d_.filled(slot), hit);
        return {ready, ready - hit, Level::InFlight};
    }
    ++statistics_.l1d.misses;
    const auto buffer = fill_buffers_.acquire(at);
    const Supply supply = ask_l2(line, buffer.start, Request::Demand, true);
    const Cycle ready = std::max(supply.ready, hit);
    fill_buffers_.hold(buffer, ready);
    put_l1d(line, ready, supply.dirty);
    return {ready, ready - hit, supply.level};
}

CacheTime MemoryHierarchy::fetch_slow(u64 line, Cycle at, u32 slot) {
    const Cycle hit = at + parameters_.l1i.latency;
    CacheTime time;
    if (slot != Cache::none) {
        l1i_.touch(slot);
        const bool filled = l1i_.filled(slot) <= at;
        ++(filled ? statistics_.l1i.hits : statistics_.l1i.in_flight);
        const Cycle ready = std::max(l1i_.filled(slot), hit);
        time = {ready, ready - hit, filled ? Level::L1 : Level::InFlight};
        if (!l1i_.prefetched(slot)) {
            return time;
        }
        l1i_.clear_prefetched(slot);
    } else {
        ++statistics_.l1i.misses;
        const Supply supply = ask_l2(line, at, Request::Demand, true);
        const Cycle ready = std::max(supply.ready, hit);
        put(CacheName::L1i, line, ready, false);
        time = {ready, ready - hit, supply.level};
    }
    // A miss, and the first use of what was prefetched, bring the line after.
    if (parameters_.next_line_instructions) {
        prefetch_into_l1i(line + 1, at);
    }
    return time;
}

// The way down ------------------------------------------------------------------------------------

MemoryHierarchy::Supply MemoryHierarchy::ask_l2(u64 line, Cycle at, Request request,
                                                bool keep_in_l2) {
    if (l2_.absent()) {
        return fill_l2(line, at, request, false);
    }
    const u32 slot = l2_.find(line);
    const bool missed = slot == Cache::none;
    Supply supply;
    if (missed) {
        supply = fill_l2(line, at, request, keep_in_l2);
    } else {
        l2_.touch(slot);
        const Cycle hit = at + parameters_.l2.latency;
        const bool filled = l2_.filled(slot) <= hit;
        supply = {std::max(hit, l2_.filled(slot)), filled ? Level::L2 : Level::InFlight, false};
    }
    if (request == Request::Demand) {
        auto& counts = statistics_.l2;
        ++(missed                            ? counts.misses
           : supply.level == Level::InFlight ? counts.in_flight
                                             : counts.hits);
    }
    train_l2(line, at, missed && request == Request::Demand);
    return supply;
}

/// An L2 miss: through an L2 fill buffer to the LLC and memory.
MemoryHierarchy::Supply MemoryHierarchy::fill_l2(u64 line, Cycle at, Request request,
                                                 bool keep_in_l2) {
    const auto buffer = l2_fill_buffers_.acquire(at);
    Supply supply = ask_beyond_l2(line, buffer.start, request);
    l2_fill_buffers_.hold(buffer, supply.ready);
    if (keep_in_l2) {
        put_l2(line, supply.ready, supply.dirty);
        supply.dirty = false;
    }
    return supply;
}

MemoryHierarchy::Supply MemoryHierarchy::ask_beyond_l2(u64 line, Cycle at, Request request) {
    if (const u32 slot = llc_.find(line); slot != Cache::none) {
        const Cycle hit = at + parameters_.llc.latency;
        const bool filled = llc_.filled(slot) <= hit;
        Supply supply{std::max(hit, llc_.filled(slot)), filled ? Level::Llc : Level::InFlight,
                      false};
        if (request == Request::Demand) {
            ++(filled ? statistics_.llc.hits : statistics_.llc.in_flight);
        }
        if (parameters_.llc_inclusive) {
            llc_.touch(slot);
        } else {
            supply.dirty = llc_.remove(line).dirty;  // a victim cache gives its line up
        }
        return supply;
    }
    if (!llc_.absent() && request == Request::Demand) {
        ++statistics_.llc.misses;
    }
    ++statistics_.memory_reads;
    const Cycle ready = channel_.reserve(at) + parameters_.memory_latency;
    if (!llc_.absent() && parameters_.llc_inclusive) {
        put_llc(line, ready, false);
    }
    return {ready, Level::Memory, false};
}

// Lines come and go -------------------------------------------------------------------------------

Cache& MemoryHierarchy::cache(CacheName name) {
    switch (name) {
        case CacheName::L1d:
            return l1d_;
        case CacheName::L1i:
            return l1i_;
        case CacheName::L2:
            return l2_;
        case CacheName::Llc:
            break;
    }
    return llc_;
}

Cache::Evicted MemoryHierarchy::put(CacheName name, u64 line, Cycle filled, bool dirty,
                                    bool prefetched) {
    const Cache::Evicted evicted = cache(name).put(line, filled, dirty, prefetched);
    if (RF_UNLIKELY(listener_ != nullptr)) {
        announce(LineListener::Change::Filled, name, line, filled);
        if (evicted.any()) {
            announce(LineListener::Change::Evicted, name, evicted.line, filled);
        }
    }
    return evicted;
}

RF_NEVER_INLINE void MemoryHierarchy::announce(LineListener::Change change, CacheName name,
                                               u64 line, Cycle at) {
    listener_->line_changed(change, name, cache(name).set_of(line),
                            PhysicalAddress{line * cache_line_bytes}, at);
}

void MemoryHierarchy::put_l1d(u64 line, Cycle filled, bool dirty) {
    const Cache::Evicted evicted = put(CacheName::L1d, line, filled, dirty);
    if (!evicted.any() || !evicted.dirty) {
        return;
    }
    if (const u32 slot = l2_.find(evicted.line); slot != Cache::none) {
        l2_.set_dirty(slot, true);
    } else if (!l2_.absent()) {
        put_l2(evicted.line, filled, true);
    } else {
        leave_l2(evicted, filled);
    }
}

void MemoryHierarchy::put_l2(u64 line, Cycle filled, bool dirty) {
    if (const Cache::Evicted evicted = put(CacheName::L2, line, filled, dirty); evicted.any()) {
        leave_l2(evicted, filled);
    }
}

void MemoryHierarchy::put_llc(u64 line, Cycle filled, bool dirty) {
    if (const Cache::Evicted evicted = put(CacheName::Llc, line, filled, dirty); evicted.any()) {
        leave_llc(evicted, filled);
    }
}

void MemoryHierarchy::leave_l2(Cache::Evicted evicted, Cycle at) {
    if (const u32 slot = llc_.find(evicted.line); slot != Cache::none) {
        llc_.set_dirty(slot, llc_.dirty(slot) || evicted.dirty);
    } else if (!llc_.absent() && !parameters_.llc_inclusive) {
        put_llc(evicted.line, at, evicted.dirty);
    } else if (evicted.dirty) {
        write_memory(at);
    }
}

void MemoryHierarchy::leave_llc(Cache::Evicted evicted, Cycle at) {
    bool dirty = evicted.dirty;
    if (parameters_.llc_inclusive) {
        for (const CacheName name : {CacheName::L1i, CacheName::L1d, CacheName::L2}) {
            const Cache::Removed removed = cache(name).remove(evicted.line);
            statistics_.back_invalidations += removed.present ? 1 : 0;
            dirty = dirty || removed.dirty;
            if (removed.present && RF_UNLIKELY(listener_ != nullptr)) {
                announce(LineListener::Change::Evicted, name, evicted.line, at);
            }
        }
    }
    if (dirty) {
        write_memory(at);
    }
}

void MemoryHierarchy::write_memory(Cycle at) {
    ++statistics_.memory_writes;
    channel_.reserve(at);
}

// Hints and maintenance ---------------------------------------------------------------------------

void MemoryHierarchy::flush_line(PhysicalAddress address, Cycle at) {
    bool dirty = false;
    for (Cache* const cache : {&l1i_, &l1d_, &l2_, &llc_}) {
        dirty = cache->remove(line_of(address)).dirty || dirty;
    }
    if (dirty) {
        write_memory(at);
    }
    if (RF_UNLIKELY(listener_ != nullptr)) {
        announce(LineListener::Change::Flushed, CacheName::L1d, line_of(address), at);
    }
}

void MemoryHierarchy::write_back(PhysicalAddress address, Cycle at) {
    bool dirty = false;
    for (Cache* const cache : {&l1d_, &l2_, &llc_}) {
        if (const u32 slot = cache->find(line_of(address)); slot != Cache::none) {
            dirty = dirty || cache->dirty(slot);
            cache->set_dirty(slot, false);
        }
    }
    if (dirty) {
        write_memory(at);
    }
}

void MemoryHierarchy::prefetch(PhysicalAddress address, PrefetchTarget target, Cycle at) {
    const u64 line = line_of(address);
    PrefetchCounts& counts = statistics_.software;
    if (target == PrefetchTarget::L2 && !l2_.absent()) {
        if (!fill_buffers_.any_free(at)) {
            ++counts.dropped;
        } else if (l1d_.find(line) == Cache::none) {
            prefetch_into_l2(line, at, counts);
        }
        return;
    }
    prefetch_into_l1d(line, at, target != PrefetchTarget::L1dNotL2, counts);
}

// Prefetchers -------------------------------------------------------------------------------------

/// What L1 asks of L2 is what L2's prefetchers see. [intel/optimization]: data prefetch to L2
void MemoryHierarchy::train_l2(u64 line, Cycle at, bool missed) {
    if (parameters_.adjacent_line && missed) {
        prefetch_into_l2(line ^ 1, at, statistics_.adjacent_line);
    }
    if (parameters_.streamer) {
        const auto [first, step, count] = streamer_.observe(line);
        for (unsigned i = 0; i < count; ++i) {
            if (!prefetch_into_l2(first + i * step, at, statistics_.streamer)) {
                break;
            }
            streamer_.went_as_far_as(first + i * step);
        }
    }
}

bool MemoryHierarchy::l2_would_take(u64 line, Cycle at) const {
    return l2_.find(line) != Cache::none || l2_fill_buffers_.any_free(at);
}

bool MemoryHierarchy::prefetch_into_l2(u64 line, Cycle at, PrefetchCounts& counts) {
    if (l2_.find(line) != Cache::none) {
        return true;
    }
    if (!l2_fill_buffers_.any_free(at)) {
        ++counts.dropped;
        return false;
    }
    ++counts.issued;
    fill_l2(line, at, Request::Prefetch, true);
    return true;
}

void MemoryHierarchy::prefetch_into_l1d(u64 line, Cycle at, bool keep_in_l2,
                                        PrefetchCounts& counts) {
    if (l1d_.find(line) != Cache::none) {
        return;
    }
    if (!fill_buffers_.any_free(at) || !l2_would_take(line, at)) {
        ++counts.dropped;
        return;
    }
    ++counts.issued;
    const auto buffer = fill_buffers_.acquire(at);
    const Supply supply = ask_l2(line, at, Request::Prefetch, keep_in_l2);
    fill_buffers_.hold(buffer, supply.ready);
    put_l1d(line, supply.ready, supply.dirty);
}

void MemoryHierarchy::prefetch_stride(PhysicalAddress address, Cycle at) {
    prefetch_into_l1d(line_of(address), at, true, statistics_.stride);
}

/// `line` follows one that was fetched; not beyond its page.
void MemoryHierarchy::prefetch_into_l1i(u64 line, Cycle at) {
    if (line % lines_in_page == 0 || l1i_.find(line) != Cache::none) {
        return;
    }
    if (!l2_would_take(line, at)) {
        ++statistics_.next_line.dropped;
        return;
    }
    ++statistics_.next_line.issued;
    const Supply supply = ask_l2(line, at, Request::Prefetch, true);
    put(CacheName::L1i, line, supply.ready, false, true);
}

// State -------------------------------------------------------------------------------------------

void MemoryHierarchy::reset() {
    for (Cache* const cache : {&l1d_, &l1i_, &l2_, &llc_}) {
        cache->clear();
    }
    fill_buffers_.clear();
    l2_fill_buffers_.clear();
    channel_.clear();
    stride_.clear();
    streamer_.clear();
    statistics_ = {};
}

}  // namespace ringfence::sim::timing
