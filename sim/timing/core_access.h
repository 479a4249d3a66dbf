// SPDX-License-Identifier: MIT
// Loads, stores and hints, from their addresses to L1D.
#pragma once

#include <algorithm>

#include "sim/timing/core.h"

namespace ringfence::sim::timing {

template <typename Memory>
template <typename BasicCore<Memory>::Path path, Form form>
RF_ALWAYS_INLINE void BasicCore<Memory>::send_accesses(Stream& stream,
                                                       const InstructionProfile& profile,
                                                       std::span<const DataAccess> accesses,
                                                       Cycle earliest, Accessed& out) {
    const Cycle ready = std::max(earliest, stream.last_ready(profile.address_sources));
    const Cycle ready_to_load = std::max(ready, stream.loads_not_before);
    if constexpr (form == Form::Load) {
        send_load<path>(stream, accesses[0], ready_to_load, out);
    } else if constexpr (form == Form::Store) {
        send_other<path>(stream, accesses[0], ready, out);
    } else {
        for (const DataAccess& access : accesses) {
            if (loads(access.intent)) {
                send_load<path>(stream, access, ready_to_load, out);
            }
            if (access.intent != AccessIntent::Load) {
                send_other<path>(stream, access, ready, out);
            }
        }
    }
}

/// A load finds its data in L1D, or in an older store that holds all of it. If one holds a part, it
/// waits until that is in L1D. Which older stores it will meet is known to it beforehand: memory
/// dependences are predicted perfectly.
template <typename Memory>
template <typename BasicCore<Memory>::Path path>
RF_ALWAYS_INLINE void BasicCore<Memory>::send_load(Stream& stream, const DataAccess& access,
                                                   Cycle ready, Accessed& out) {
    const Cycle at = issue<path>(stream, load_ports_, ready);
    if (path == Path::Squashed && at == never) {
        out.loaded = never;
        return;
    }
    out.first = std::min(out.first, at);
    AccessTime time = memory_.access(access, at);
    out.known = std::max(out.known, time.ready);
    out.blocked |= time.blocked;
    const u64 address = access.address.value();
    const StoreBuffer::Store* const store =
        stores_.find(access.address, access.bytes, stream.stores);
    if (store != nullptr && store->committed > at) {
        const bool holds_all =
            store->address <= address && address + access.bytes <= store->address + store->bytes;
        if (holds_all) {
            time.cache = 0;
            time.ready = std::max(at + time.translation, store->data) +
                         parameters_.core.store_forward_latency;
        } else {
            time.ready = std::max(time.ready, store->committed + parameters_.hierarchy.l1d.latency);
        }
    }
    if (time.ready > out.loaded) {
        out.loaded = time.ready;
        out.translation = time.translation;
        out.cache = time.cache;
    }
}

/// A store's address, or a hint, which nothing waits for.
template <typename Memory>
template <typename BasicCore<Memory>::Path path>
RF_ALWAYS_INLINE void BasicCore<Memory>::send_other(Stream& stream, const DataAccess& access,
                                                    Cycle ready, Accessed& out) {
    const bool is_store = stores(access.intent);
    const Cycle at = issue<path>(stream, is_store ? store_address_ports_ : load_ports_, ready);
    if (path == Path::Squashed && at == never) {
        out.addressed = never;
        return;
    }
    out.first = std::min(out.first, at);
    Cycle done = at + 1;
    if (!loads(access.intent)) {
        // A hint too retires only when it is known where it leads. (Gruss and others, 2016: a
        // prefetch takes as long as its walk.)
        const AccessTime time = memory_.access(access, at);
        done += time.translation;
        if (is_store) {
            out.blocked |= time.blocked;
            if (done > std::max(out.addressed, out.loaded)) {
                out.translation = time.translation;
                out.cache = 0;
            }
        }
    }
    out.known = std::max(out.known, done);
    out.addressed = std::max(out.addressed, done);
}

/// Enters a store into the store buffer, with its data at `ready` or later: when it has it.
template <typename Memory>
template <typename BasicCore<Memory>::Path path>
RF_ALWAYS_INLINE Cycle BasicCore<Memory>::send_store_data(Stream& stream, const DataAccess& access,
                                                          u64 number, Cycle ready) {
    const Cycle at = issue<path>(stream, store_data_ports_, ready);
    stores_.add(
        {.number = number, .address = access.address.value(), .bytes = access.bytes, .data = at});
    return path == Path::Squashed && at == never ? never : at + 1;
}

/// A retired store asks for its line at once; stores are written in order, one in a cycle. One of
/// an instruction that faults only leaves the queue.
template <typename Memory>
RF_ALWAYS_INLINE void BasicCore<Memory>::commit_store(const DataAccess& access, u64 number,
                                                      Cycle retired, bool blocked) {
    if (!blocked) {
        const Cycle writable = memory_.commit_store(access, retired);
        main_.committed = std::max({main_.committed + 1, writable, retired + 1});
        stores_.commit(number, main_.committed);
    }
    store_queue_.leave(number, std::max(main_.committed, retired));
}

}  // namespace ringfence::sim::timing
