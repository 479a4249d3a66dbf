// SPDX-License-Identifier: MIT
// What happens to every instruction, in the order of the pipeline. All of it is inlined into the
// two entries at the end: this is where a timed run spends its time.
#include <algorithm>

#include "base/compiler.h"
#include "sim/timing/core.h"

namespace ringfence::sim::timing {
namespace {

bool loads(AccessIntent intent) {
    return intent == AccessIntent::Load || intent == AccessIntent::LoadStore;
}
bool stores(AccessIntent intent) {
    return intent == AccessIntent::Store || intent == AccessIntent::LoadStore;
}

/// Whether it begins only when it cannot be squashed any more.
bool waits_for_retirement(const InstructionProfile& profile) {
    return profile.stops_transience || profile.ordering == Ordering::Serializing ||
           profile.ordering == Ordering::Memory;
}

}  // namespace

/// More accesses than a queue has entries (REP, FXSAVE) go through it in turns. What the sequencer
/// issues for an event is a part of the event's cost.
RF_ALWAYS_INLINE Core::Shape Core::shape_of(const InstructionProfile& profile,
                                            std::span<const DataAccess> accesses) const {
    const ClassFigures& own = figures(profile);
    const u32 slots =
        profile.micro_operations + (profile.event == Event::None ? own.more_slots : 0);
    Shape shape{.slots = std::max(1U, std::min(slots, core_.reorder_buffer)),
                .operations = profile.eliminated ? 0 : own.entries};
    for (const DataAccess& access : accesses) {
        const bool is_store = stores(access.intent);
        shape.stores += is_store ? 1 : 0;
        shape.loads += loads(access.intent) ? 1 : 0;
        shape.operations += (is_store ? 2U : 0U) + (access.intent != AccessIntent::Store ? 1U : 0U);
    }
    shape.operations = std::min(shape.operations, core_.scheduler);
    return shape;
}

RF_ALWAYS_INLINE void Core::fetch(Stream& stream, u64 rip, u32 length) {
    FrontEnd& front = stream.front;
    if (front.instructions == core_.decode_width) {
        front.next_group(front.cycle + 1);
    }
    front.bytes += length;
    while (front.bytes > core_.fetch_bytes) {
        front.bytes -= core_.fetch_bytes;
        ++front.cycle;
        front.instructions = 0;
    }
    if (front.cycle >= stream.squash_at) {
        return;
    }
    if (RF_UNLIKELY(FrontEnd::line_of(rip) != front.line)) {
        enter_line(stream, rip);
    }
    if (const u64 last = FrontEnd::line_of(rip + length - 1);
        RF_UNLIKELY(length != 0 && last != front.line)) {
        enter_line(stream, last);
    }
    ++front.instructions;
}

/// Enters the core when it has been decoded and all that it needs is free. Entries that a younger
/// instruction than those of the main path holds are not free before the squash.
RF_ALWAYS_INLINE Core::Dispatch Core::dispatch(Stream& stream, const Shape& shape) {
    Dispatch out;
    out.decoded = stream.front.cycle + depth_;
    const bool full = stream.dispatch.used >= core_.dispatch_width;
    out.room = std::max(stream.dispatch.cycle + (full ? 1 : 0),
                        reorder_buffer_.free_for(stream.micro_operations + shape.slots - 1,
                                                 main_.micro_operations));
    if (shape.loads != 0) {
        const u32 entries = std::min(shape.loads, core_.load_queue);
        out.room =
            std::max(out.room, load_queue_.free_for(stream.loads + entries - 1, main_.loads));
    }
    if (shape.stores != 0) {
        const u32 entries = std::min(shape.stores, core_.store_queue);
        out.stores_left = store_queue_.free_for(stream.stores + entries - 1, main_.stores);
    }
    const Cycle at = std::max({out.room, out.decoded, out.stores_left});
    if (at >= stream.squash_at) {
        return out;
    }
    const Cycle last = stream.dispatch.take(scheduler_.room_for(shape.operations, at), shape.slots,
                                            core_.dispatch_width);
    if (stream.front.cycle + depth_ < last) {
        stream.front.next_group(last - depth_);
        stream.front.instructions = 1;
    }
    out.at = last < stream.squash_at ? last : never;
    return out;
}

RF_ALWAYS_INLINE Cycle Core::earliest_begin(const Stream& stream, Ordering ordering,
                                            Cycle dispatched) {
    const Cycle earliest = std::max(dispatched + dispatch_to_issue, stream.not_before);
    if (RF_LIKELY(ordering == Ordering::None)) {
        return earliest;
    }
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

/// The operation itself. Events have the published cost, which is of the whole instruction with its
/// accesses hitting: misses come on top.
RF_ALWAYS_INLINE Core::Result Core::operate(const Stream& stream, const InstructionProfile& profile,
                                            const Accessed& accessed, Cycle earliest) {
    const Cycle ready = std::max(earliest, stream.last_ready(profile.sources.span()));
    if (profile.eliminated) {
        return {.issued = ready, .ready = ready};
    }
    const ClassFigures& own = figures(profile);
    if (RF_UNLIKELY(profile.event != Event::None)) {
        const Cycle misses = accessed.translation + accessed.cache;
        const Cycle at = own.entries == 0 ? ready : issue(stream, profile.execution, ready);
        return {.issued = at, .ready = at + parameters_.cost_of(profile.event) + misses};
    }
    const Cycle loaded = std::max(ready, accessed.loaded);
    if (own.entries == 0) {
        return {.issued = std::min(accessed.first, loaded), .ready = loaded + own.latency};
    }
    const Cycle at = issue(stream, profile.execution, loaded);
    return {.issued = at, .ready = at + own.latency};
}

/// From dispatch to completion.
RF_ALWAYS_INLINE void Core::execute(Stream& stream, const InstructionProfile& profile,
                                    std::span<const DataAccess> accesses, const Shape& shape,
                                    Timing& timing, Accessed& accessed) {
    ports_.advance(timing.dispatched);
    const Cycle earliest = earliest_begin(stream, profile.ordering, timing.dispatched);
    if (!accesses.empty()) {
        accessed = send_accesses(stream, profile, accesses, earliest);
    }
    Result result{.issued = accessed.first, .ready = never};
    timing.completed = std::max(accessed.known, earliest);
    const bool stores_come = !accessed.blocked && accessed.addressed < never;
    if (RF_UNLIKELY(shape.stores != 0 && !stores_come)) {
        stores_.forget(stream.stores, shape.stores);
    }
    if (RF_LIKELY(!accessed.blocked)) {
        result = operate(stream, profile, accessed, earliest);
        timing.completed = std::max(result.ready, accessed.addressed);
        if (shape.stores != 0 && stores_come) {
            timing.completed =
                std::max(timing.completed, send_store_data(stream, accesses, result.ready));
        }
    }
    timing.issued = result.issued;
    for (const u8 name : profile.destinations.span()) {
        stream.ready[name] = result.ready;
    }
    stream.completed = std::max(stream.completed, timing.completed);
    if (RF_UNLIKELY(profile.ordering == Ordering::Loads)) {
        stream.not_before = std::max(stream.not_before, timing.completed);
    }
}

/// Of an instruction with more micro-operations than retire in a cycle, the first retire before the
/// last has completed.
RF_ALWAYS_INLINE void Core::retire(const Step& step, const Shape& shape, bool blocked,
                                   Timing& timing) {
    Cycle first = timing.completed;
    if (RF_UNLIKELY(shape.slots > core_.retire_width)) {
        first -= std::min<Cycle>(first, (shape.slots - 1) / core_.retire_width);
    }
    timing.retired = main_.retire.take(first, shape.slots, core_.retire_width);
    for (u32 i = 0; i < shape.slots; ++i) {
        reorder_buffer_.leave(main_.micro_operations++, timing.retired);
    }
    for (u32 i = 0; i < shape.loads; ++i) {
        load_queue_.leave(main_.loads++, timing.retired);
    }
    if (shape.stores != 0) {
        commit_stores(step.accesses, main_.stores, timing.retired, blocked);
        main_.stores += shape.stores;
    }
}

/// Charges the cycles since `previous`, the retirement before.
void Core::explain(const InstructionProfile& profile, const Step& step, const Shape& shape,
                   const Dispatch& dispatched, const Accessed& accessed, Cycle previous) {
    const bool own = !profile.eliminated && profile.event == Event::None;
    // What it takes from its first possible beginning if nothing holds it up.
    const Cycle alone = dispatch_to_issue + (own ? figures(profile).latency : 0) +
                        (shape.loads != 0 ? parameters_.hierarchy.l1d.latency : 0) +
                        (shape.stores != 0 ? 1 : 0);
    const Cycle others = std::max(dispatched.room, dispatched.decoded);
    Waits waits;
    waits.fetch = main_.front.wait;
    if (dispatched.decoded > dispatched.room) {
        waits.front_end = dispatched.decoded - dispatched.room + dispatch_to_issue;
    }
    if (dispatched.stores_left > others) {
        waits.store_queue = dispatched.stores_left - others;
    }
    waits.supplied = dispatched.decoded + alone;
    waits.dispatched = dispatched.at + alone;
    waits.translation = accessed.translation;
    waits.cache = accessed.cache;
    charge(stack_, step.place, profile, waits, previous, now());
}

/// What follows a serialising instruction is fetched anew, so that it begins when the instruction
/// has completed: published costs are from one instruction to the next, and the longer ones hide
/// the refill.
void Core::order_younger(const InstructionProfile& profile, const Timing& timing) {
    if (profile.ordering == Ordering::Memory) {
        main_.loads_not_before =
            std::max({main_.loads_not_before, timing.completed, main_.committed});
    }
    if (profile.ordering == Ordering::Serializing) {
        restart_to_begin(timing.issued + 1, timing.completed);
    }
}

Timing Core::step(const InstructionProfile& profile, const Step& step) {
    if (RF_UNLIKELY(blocked_)) {
        unblock(now());
    }
    Timing timing;
    Accessed accessed;
    const Cycle previous = now();
    const Shape shape = shape_of(profile, step.accesses);
    fetch(main_, step.rip, profile.length);
    const Dispatch dispatched = dispatch(main_, shape);
    timing.dispatched = dispatched.at;
    timing.fetched = main_.front.cycle;
    execute(main_, profile, step.accesses, shape, timing, accessed);
    RF_ASSERT(timing.completed < never);
    blocked_ = accessed.blocked;
    retire(step, shape, accessed.blocked, timing);
    if (timing.retired != previous) {
        explain(profile, step, shape, dispatched, accessed, previous);
    }
    main_.front.wait = {};
    timing.predicted_next = step.rip + profile.length;
    if (profile.branch != BranchKind::None) {
        timing.predicted_next = predict(main_, profile, step.rip);
        last_branch_ = {.predicted = timing.predicted_next,
                        .history = main_.history,
                        .completed = timing.completed};
    }
    if (RF_UNLIKELY(profile.ordering != Ordering::None)) {
        order_younger(profile, timing);
    }
    return timing;
}

/// In a path that will be squashed, of an instruction that begins when it is the oldest only.
void Core::hold(Stream& shadow, const InstructionProfile& profile, const Shape& shape) {
    stores_.forget(shadow.stores, shape.stores);
    for (u32 entry = 0; entry < shape.operations; ++entry) {
        scheduler_.enter(shadow.squash_at);
    }
    for (const u8 name : profile.destinations.span()) {
        shadow.ready[name] = never;
    }
    if (profile.ordering == Ordering::Loads || profile.ordering == Ordering::Serializing) {
        shadow.not_before = never;
    }
    if (profile.ordering == Ordering::Memory) {
        shadow.loads_not_before = never;
    }
}

/// Queue entries that the shadow takes are written down nowhere but in its numbers: none of them is
/// free before the squash, and after it all are. Ports and scheduler entries that it takes are all
/// free at the squash, and nothing of the main path is dispatched before then: its next instruction
/// is fetched at the squash at the earliest. So nothing has to be undone; only a unit that is not
/// pipelined finishes what it began.
Timing Core::step_transient(Stream& shadow, const InstructionProfile& profile, const Step& step) {
    Timing timing{.issued = never, .completed = never, .retired = never, .begins = false};
    const Shape shape = shape_of(profile, step.accesses);
    fetch(shadow, step.rip, profile.length);
    timing.dispatched = dispatch(shadow, shape).at;
    timing.fetched = shadow.front.cycle;
    timing.predicted_next = predict(shadow, profile, step.rip);
    if (timing.dispatched == never) {
        timing.ends_path = true;
        return timing;
    }
    if (waits_for_retirement(profile)) {
        hold(shadow, profile, shape);
    } else {
        Accessed accessed;
        execute(shadow, profile, step.accesses, shape, timing, accessed);
    }
    shadow.micro_operations += shape.slots;
    shadow.loads += shape.loads;
    shadow.stores += shape.stores;
    timing.begins = timing.issued < shadow.squash_at;
    timing.ends_path = shadow.not_before >= shadow.squash_at;
    return timing;
}

}  // namespace ringfence::sim::timing
