// SPDX-License-Identifier: MIT
// From dispatch to completion, on either kind of path.
#include <algorithm>

#include "sim/timing/core.h"

namespace ringfence::sim::timing {
namespace {

Cycle last_ready(const Stream& stream, std::span<const u8> registers) {
    Cycle last = 0;
    for (const u8 name : registers) {
        last = std::max(last, stream.ready[name]);
    }
    return last;
}

bool loads(AccessIntent intent) {
    return intent == AccessIntent::Load || intent == AccessIntent::LoadStore;
}
bool stores(AccessIntent intent) {
    return intent == AccessIntent::Store || intent == AccessIntent::LoadStore;
}

}  // namespace

template <typename Wanted>
Cycle Core::issue(const Stream& stream, Wanted wanted, Cycle ready) {
    if (ready >= stream.squash_at) {
        scheduler_.enter(stream.squash_at);
        return never;
    }
    const Cycle at = ports_.book(wanted, ready, stream.squash_at);
    scheduler_.enter(std::min(at, stream.squash_at));
    return at < stream.squash_at ? at : never;
}

/// More accesses than a queue has entries (REP, FXSAVE) go through it in turns.
Core::Shape Core::shape_of(const InstructionProfile& profile,
                           std::span<const DataAccess> accesses) const {
    const ExecutionParameters& execution =
        core_.execution[static_cast<unsigned>(profile.execution)];
    Shape shape;
    u32 slots = profile.micro_operations;
    if (execution.micro_operations > 1) {
        slots += execution.micro_operations - 1U;
    }
    shape.slots = std::min(std::max(slots, 1U), core_.reorder_buffer);
    u32 entries = (profile.eliminated || execution.ports == 0) ? 0 : 1;
    for (const DataAccess& access : accesses) {
        const bool is_store = stores(access.intent);
        shape.stores += is_store ? 1 : 0;
        shape.loads += loads(access.intent) ? 1 : 0;
        entries += (is_store ? 2U : 0U) + (access.intent != AccessIntent::Store ? 1U : 0U);
    }
    shape.operations = std::min(entries, core_.scheduler);
    return shape;
}

/// Enters the core when it has been decoded and all that it needs is free. Entries that a younger
/// instruction than those of the main path holds are not free before the squash.
Cycle Core::dispatch(Stream& stream, const Shape& shape, Waits& waits) {
    const Cycle decoded = stream.front.cycle + depth_;
    const bool full = stream.dispatch.used >= core_.dispatch_width;
    Cycle room = stream.dispatch.cycle + (full ? 1 : 0);
    room = std::max(room, reorder_buffer_.free_for(stream.micro_operations + shape.slots - 1,
                                                   main_.micro_operations));
    if (shape.loads != 0) {
        const u32 entries = std::min(shape.loads, core_.load_queue);
        room = std::max(room, load_queue_.free_for(stream.loads + entries - 1, main_.loads));
    }
    Cycle stores_left = 0;
    if (shape.stores != 0) {
        const u32 entries = std::min(shape.stores, core_.store_queue);
        stores_left = store_queue_.free_for(stream.stores + entries - 1, main_.stores);
    }
    const Cycle others = std::max(room, decoded);
    Cycle at = std::max(others, stores_left);
    if (at >= stream.squash_at) {
        return never;
    }
    at = scheduler_.room_for(shape.operations, at);
    waits.front_end = decoded > room ? decoded - room + dispatch_to_issue : 0;
    waits.store_queue = stores_left > others ? stores_left - others : 0;
    at = stream.dispatch.take(at, shape.slots, core_.dispatch_width);
    if (stream.front.cycle + depth_ < at) {
        stream.front.cycle = at - depth_;
        stream.front.bytes = 0;
        stream.front.instructions = 1;
    }
    return at < stream.squash_at ? at : never;
}

Cycle Core::earliest_begin(const Stream& stream, Ordering ordering, Cycle dispatched) {
    const Cycle earliest = std::max(dispatched + 1, stream.not_before);
    switch (ordering) {
        case Ordering::None:
        case Ordering::Stores:  // stores reach L1D in order anyway
            return earliest;
        case Ordering::Loads:
        case Ordering::After:
            return std::max(earliest, stream.completed);
        case Ordering::Memory:
            return std::max(earliest, stream.committed);
        case Ordering::Serializing:
            return std::max({earliest, stream.retire.cycle, stream.committed});
    }
    return earliest;
}

Core::Accessed Core::send_accesses(Stream& stream, const InstructionProfile& profile,
                                   std::span<const DataAccess> accesses, Cycle earliest) {
    Accessed out;
    const Cycle ready = std::max(earliest, last_ready(stream, profile.address_sources.span()));
    const Cycle ready_to_load = std::max(ready, stream.loads_not_before);
    for (const DataAccess& access : accesses) {
        if (loads(access.intent)) {
            send_load(stream, access, ready_to_load, out);
        }
        if (access.intent != AccessIntent::Load) {
            send_other(stream, access, ready, out);
        }
    }
    return out;
}

/// A load finds its data in L1D, or in an older store that holds all of it. If one holds a part, it
/// waits until that is in L1D. Which older stores it will meet is known to it beforehand: memory
/// dependences are predicted perfectly.
void Core::send_load(Stream& stream, const DataAccess& access, Cycle ready, Accessed& out) {
    const Cycle at = issue(stream, load_ports_, ready);
    if (at == never) {
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
            time.ready = std::max(at + time.translation, store->data) + core_.store_forward_latency;
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
void Core::send_other(Stream& stream, const DataAccess& access, Cycle ready, Accessed& out) {
    const bool is_store = stores(access.intent);
    const Cycle at = issue(stream, is_store ? store_address_ports_ : load_ports_, ready);
    if (at == never) {
        out.addressed = never;
        return;
    }
    out.first = std::min(out.first, at);
    Cycle done = at + 1;
    if (!loads(access.intent)) {
        const AccessTime time = memory_.access(access, at);
        if (is_store) {
            done += time.translation;
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

/// The operation itself. Events have the published cost, which is of the whole instruction with its
/// accesses hitting: misses come on top.
Core::Result Core::operate(Stream& stream, const InstructionProfile& profile,
                           const Accessed& accessed, Cycle earliest) {
    const Cycle ready = std::max(earliest, last_ready(stream, profile.sources.span()));
    if (profile.eliminated) {
        return {.issued = ready, .ready = ready};
    }
    const ExecutionParameters& execution =
        core_.execution[static_cast<unsigned>(profile.execution)];
    if (profile.event != Event::None) {
        const Cycle misses = accessed.translation + accessed.cache;
        const Cycle at = execution.ports == 0 ? ready : issue(stream, profile.execution, ready);
        return {.issued = at, .ready = at + parameters_.cost_of(profile.event) + misses};
    }
    const Cycle loaded = std::max(ready, accessed.loaded);
    if (execution.ports == 0) {
        return {.issued = std::min(accessed.first, loaded), .ready = loaded + execution.latency};
    }
    const Cycle at = issue(stream, profile.execution, loaded);
    return {.issued = at, .ready = at + execution.latency};
}

/// Enters the stores among `accesses` into the store buffer, with their data at `ready` or later.
/// When the last has it.
Cycle Core::send_store_data(Stream& stream, std::span<const DataAccess> accesses, Cycle ready) {
    Cycle last = 0;
    u64 number = stream.stores;
    for (const DataAccess& access : accesses) {
        if (stores(access.intent)) {
            const Cycle at = issue(stream, store_data_ports_, ready);
            stores_.add({.number = number++,
                         .address = access.address.value(),
                         .bytes = access.bytes,
                         .data = at});
            last = std::max(last, at == never ? never : at + 1);
        }
    }
    return last;
}

}  // namespace ringfence::sim::timing
