// SPDX-License-Identifier: MIT
// What happens to every instruction, in the order of the pipeline. All of it is inlined into its
// callers: this is where a timed run spends its time. What the form of an instruction excludes is
// left out when it is compiled, so that one text serves all forms.
#pragma once

#include <algorithm>

#include "base/compiler.h"
#include "sim/timing/core.h"

namespace ringfence::sim::timing {

/// Whether it begins only when it cannot be squashed any more.
[[nodiscard]] inline bool waits_for_retirement(const InstructionProfile& profile) {
    return profile.stops_transience || profile.ordering == Ordering::Serializing ||
           profile.ordering == Ordering::Memory;
}

/// More accesses than a queue has entries (REP, FXSAVE) go through it in turns. What the sequencer
/// issues for an event is a part of the event's cost.
template <typename Memory>
Shape BasicCore<Memory>::shape_of(const InstructionProfile& profile,
                                  std::span<const DataAccess> accesses) const {
    const ClassFigures& own = figures(profile);
    const u32 slots =
        profile.micro_operations + (profile.event == Event::None ? own.more_slots : 0);
    Shape shape{.slots = std::max(1U, std::min(slots, parameters_.core.reorder_buffer)),
                .operations = profile.eliminated ? 0 : own.entries};
    for (const DataAccess& access : accesses) {
        const bool is_store = stores(access.intent);
        shape.stores += is_store ? 1 : 0;
        shape.loads += loads(access.intent) ? 1 : 0;
        shape.operations += (is_store ? 2U : 0U) + (access.intent != AccessIntent::Store ? 1U : 0U);
    }
    shape.operations = std::min(shape.operations, parameters_.core.scheduler);
    const bool simple = shape.slots == 1 && profile.event == Event::None &&
                        profile.ordering == Ordering::None && accesses.size() <= 1;
    if (simple && (accesses.empty() || shape.loads + shape.stores == 1)) {
        shape.form = shape.loads != 0 ? Form::Load : shape.stores != 0 ? Form::Store : Form::Plain;
    }
    return shape;
}

template <typename Memory>
template <typename BasicCore<Memory>::Path path>
RF_ALWAYS_INLINE void BasicCore<Memory>::fetch(Stream& stream, u64 rip, u32 length) {
    FrontEnd& front = stream.front;
    if (front.instructions == parameters_.core.decode_width) {
        front.next_group(front.cycle + 1);
    }
    front.bytes += length;
    while (RF_UNLIKELY(front.bytes > parameters_.core.fetch_bytes)) {
        front.bytes -= parameters_.core.fetch_bytes;
        ++front.cycle;
        front.instructions = 0;
    }
    if (path == Path::Squashed && front.cycle >= stream.squash_at) {
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
template <typename Memory>
template <typename BasicCore<Memory>::Path path, Form form>
RF_ALWAYS_INLINE typename BasicCore<Memory>::Dispatch BasicCore<Memory>::dispatch(
    Stream& stream, KnownShape<form> shape) {
    const auto free_for = [](const EntryQueue& queue, u64 user, u64 known) {
        return path == Path::Main ? queue.free_for(user) : queue.free_for(user, known);
    };
    Dispatch out;
    out.decoded = stream.front.cycle + depth_;
    const u32 width = parameters_.core.dispatch_width;
    const bool full = stream.dispatch.used >= width;
    Cycle entry = free_for(reorder_buffer_, stream.micro_operations + shape.slots() - 1,
                           main_.micro_operations);
    if (RF_UNLIKELY(shape.slots() > width) && entry < never) {
        // The last enters some cycles after the first.
        entry -= std::min<Cycle>(entry, (shape.slots() - 1) / width);
        entry = std::max(
            entry, free_for(reorder_buffer_, stream.micro_operations, main_.micro_operations));
    }
    out.room = std::max(stream.dispatch.cycle + (full ? 1 : 0), entry);
    if (shape.loads() != 0) {
        const u32 entries = std::min(shape.loads(), parameters_.core.load_queue);
        out.room =
            std::max(out.room, free_for(load_queue_, stream.loads + entries - 1, main_.loads));
    }
    if (shape.stores() != 0) {
        const u32 entries = std::min(shape.stores(), parameters_.core.store_queue);
        out.stores_left = free_for(store_queue_, stream.stores + entries - 1, main_.stores);
    }
    const Cycle at = std::max({out.room, out.decoded, out.stores_left});
    if (path == Path::Squashed && at >= stream.squash_at) {
        return out;
    }
    const Cycle last =
        stream.dispatch.take(scheduler_.room_for(shape.operations(), at), shape.slots(), width);
    if (stream.front.cycle + depth_ < last) {
        stream.front.next_group(last - depth_);
        stream.front.instructions = 1;
    }
    out.at = path == Path::Main || last < stream.squash_at ? last : never;
    return out;
}

template <typename Memory>
RF_ALWAYS_INLINE Cycle BasicCore<Memory>::earliest_begin(const Stream& stream, Ordering ordering,
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
template <typename Memory>
template <typename BasicCore<Memory>::Path path, Form form>
RF_ALWAYS_INLINE typename BasicCore<Memory>::Result BasicCore<Memory>::operate(
    const Stream& stream, const InstructionProfile& profile, const Accessed& accessed,
    Cycle earliest) {
    const Cycle ready = std::max(earliest, stream.last_ready(profile.sources));
    if (profile.eliminated) {
        return {.issued = ready, .ready = ready};
    }
    const ClassFigures& own = figures(profile);
    if (form == Form::General && RF_UNLIKELY(profile.event != Event::None)) {
        const Cycle misses = accessed.translation + accessed.cache;
        const Cycle at = own.entries == 0 ? ready : issue<path>(stream, profile.execution, ready);
        return {.issued = at, .ready = at + parameters_.cost_of(profile.event) + misses};
    }
    const Cycle loaded = std::max(ready, accessed.loaded);
    if (own.entries == 0) {
        return {.issued = std::min(accessed.first, loaded), .ready = loaded + own.latency};
    }
    const Cycle at = issue<path>(stream, profile.execution, loaded);
    return {.issued = at, .ready = at + own.latency};
}

/// From dispatch to completion.
template <typename Memory>
template <typename BasicCore<Memory>::Path path, Form form>
RF_ALWAYS_INLINE void BasicCore<Memory>::execute(Stream& stream, const InstructionProfile& profile,
                                                 std::span<const DataAccess> accesses,
                                                 KnownShape<form> shape, Timing& timing,
                                                 Accessed& accessed) {
    ports_.advance(timing.dispatched);
    const Ordering ordering = form == Form::General ? profile.ordering : Ordering::None;
    const Cycle earliest = earliest_begin(stream, ordering, timing.dispatched);
    if (shape.has_accesses() && (form != Form::General || !accesses.empty())) {
        send_accesses<path, form>(stream, profile, accesses, earliest, accessed);
    }
    Result result{.issued = accessed.first, .ready = never};
    timing.completed = std::max(accessed.known, earliest);
    const bool stores_come = !accessed.blocked && accessed.addressed < never;
    if (RF_UNLIKELY(shape.stores() != 0 && !stores_come)) {
        stores_.forget(stream.stores, shape.stores());
    }
    if (RF_LIKELY(!accessed.blocked)) {
        result = operate<path, form>(stream, profile, accessed, earliest);
        timing.completed = std::max(result.ready, accessed.addressed);
        if (shape.stores() != 0 && stores_come) {
            u64 number = stream.stores;
            for (const DataAccess& access : accesses) {
                if (form == Form::Store || stores(access.intent)) {
                    timing.completed =
                        std::max(timing.completed,
                                 send_store_data<path>(stream, access, number++, result.ready));
                }
            }
        }
    }
    timing.issued = result.issued;
    stream.set_ready(profile.destinations, result.ready);
    stream.completed = std::max(stream.completed, timing.completed);
    if (RF_UNLIKELY(ordering == Ordering::Loads)) {
        stream.not_before = std::max(stream.not_before, timing.completed);
    }
}

/// Of an instruction with more micro-operations than retire in a cycle, the first retire, and give
/// up their entries, before the last has completed.
template <typename Memory>
template <Form form>
RF_ALWAYS_INLINE void BasicCore<Memory>::retire(const Step& step, KnownShape<form> shape,
                                                bool blocked, Timing& timing) {
    const u32 width = parameters_.core.retire_width;
    if (RF_UNLIKELY(shape.slots() > width)) {
        const Cycle before_last = std::min<Cycle>(timing.completed, (shape.slots() - 1) / width);
        timing.retired = main_.retire.take(timing.completed - before_last, shape.slots(), width);
        for (u32 left = shape.slots(); left-- > 0;) {
            reorder_buffer_.leave(main_.micro_operations++, timing.retired - left / width);
        }
    } else {
        timing.retired = main_.retire.take(timing.completed, shape.slots(), width);
        for (u32 i = 0; i < shape.slots(); ++i) {
            reorder_buffer_.leave(main_.micro_operations++, timing.retired);
        }
    }
    for (u32 i = 0; i < shape.loads(); ++i) {
        load_queue_.leave(main_.loads++, timing.retired);
    }
    if (shape.stores() != 0) {
        for (const DataAccess& access : step.accesses) {
            if (form == Form::Store || stores(access.intent)) {
                commit_store(access, main_.stores++, timing.retired, blocked);
            }
        }
    }
}

/// Charges the cycles since `previous`, the retirement before.
template <typename Memory>
template <Form form>
RF_ALWAYS_INLINE void BasicCore<Memory>::explain(const InstructionProfile& profile,
                                                 const Step& step, KnownShape<form> shape,
                                                 const Dispatch& dispatched,
                                                 const Accessed& accessed, Cycle previous) {
    const bool supplied = std::max(dispatched.decoded, dispatched.stores_left) <= dispatched.room;
    const bool plain = form != Form::General ||
                       (profile.event == Event::None && profile.ordering == Ordering::None);
    if (RF_LIKELY(supplied && plain && (accessed.translation | accessed.cache) == 0)) {
        stack_.at(step.place, observe::Cause::Base) += now() - previous;
        return;
    }
    const bool own = !profile.eliminated && profile.event == Event::None;
    // What it takes from its first possible beginning if nothing holds it up.
    const Cycle alone = dispatch_to_issue + (own ? figures(profile).latency : 0) +
                        (shape.loads() != 0 ? parameters_.hierarchy.l1d.latency : 0) +
                        (shape.stores() != 0 ? 1 : 0);
    explain_waits(profile, step.place, dispatched, alone,
                  {.translation = accessed.translation, .cache = accessed.cache}, previous);
}

template <typename Memory>
RF_NEVER_INLINE void BasicCore<Memory>::explain_waits(const InstructionProfile& profile,
                                                      observe::Place place, Dispatch dispatched,
                                                      Cycle alone, Waits waits, Cycle previous) {
    const Cycle others = std::max(dispatched.room, dispatched.decoded);
    waits.fetch = main_.front.wait;
    if (dispatched.decoded > dispatched.room) {
        waits.front_end = dispatched.decoded - dispatched.room + dispatch_to_issue;
    }
    if (dispatched.stores_left > others) {
        waits.store_queue = dispatched.stores_left - others;
    }
    waits.supplied = dispatched.decoded + alone;
    waits.dispatched = dispatched.at + alone;
    charge(stack_, place, profile, waits, previous, now());
}

/// What follows a serialising instruction is fetched anew, so that it begins when the instruction
/// has completed: published costs are from one instruction to the next, and the longer ones hide
/// the refill.
template <typename Memory>
void BasicCore<Memory>::order_younger(const InstructionProfile& profile, const Timing& timing) {
    if (profile.ordering == Ordering::Memory) {
        main_.loads_not_before =
            std::max({main_.loads_not_before, timing.completed, main_.committed});
    }
    if (profile.ordering == Ordering::Serializing) {
        restart_to_begin(timing.issued + 1, timing.completed);
    }
}

template <typename Memory>
template <Form form>
RF_ALWAYS_INLINE Timing BasicCore<Memory>::step(const InstructionProfile& profile,
                                                const Shape& given, const Step& step) {
    if (RF_UNLIKELY(blocked_)) {
        unblock(now());
    }
    const KnownShape<form> shape{given};
    Timing timing;
    Accessed accessed;
    const Cycle previous = now();
    fetch<Path::Main>(main_, step.rip, profile.length);
    const Dispatch dispatched = dispatch<Path::Main>(main_, shape);
    timing.dispatched = dispatched.at;
    timing.fetched = main_.front.cycle;
    execute<Path::Main>(main_, profile, step.accesses, shape, timing, accessed);
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
    if (form == Form::General && RF_UNLIKELY(profile.ordering != Ordering::None)) {
        order_younger(profile, timing);
    }
    return timing;
}

template <typename Memory>
Timing BasicCore<Memory>::step(const InstructionProfile& profile, const Step& step) {
    const Shape shape = shape_of(profile, step.accesses);
    switch (shape.form) {
        case Form::Plain:
            return this->step<Form::Plain>(profile, shape, step);
        case Form::Load:
            return this->step<Form::Load>(profile, shape, step);
        case Form::Store:
            return this->step<Form::Store>(profile, shape, step);
        case Form::General:
            break;
    }
    return this->step<Form::General>(profile, shape, step);
}

/// In a path that will be squashed, of an instruction that begins when it is the oldest only.
template <typename Memory>
void BasicCore<Memory>::hold(Stream& shadow, const InstructionProfile& profile,
                             const Shape& shape) {
    stores_.forget(shadow.stores, shape.stores);
    for (u32 entry = 0; entry < shape.operations; ++entry) {
        scheduler_.enter(shadow.squash_at);
    }
    shadow.set_ready(profile.destinations, never);
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
template <typename Memory>
Timing BasicCore<Memory>::step_transient(Stream& shadow, const InstructionProfile& profile,
                                         const Shape& given, const Step& step) {
    const KnownShape<Form::General> shape{given};
    Timing timing{.issued = never, .completed = never, .retired = never, .begins = false};
    fetch<Path::Squashed>(shadow, step.rip, profile.length);
    timing.dispatched = dispatch<Path::Squashed>(shadow, shape).at;
    timing.fetched = shadow.front.cycle;
    timing.predicted_next = predict(shadow, profile, step.rip);
    if (timing.dispatched == never) {
        timing.ends_path = true;
        return timing;
    }
    if (waits_for_retirement(profile)) {
        hold(shadow, profile, given);
    } else {
        Accessed accessed;
        execute<Path::Squashed>(shadow, profile, step.accesses, shape, timing, accessed);
    }
    shadow.micro_operations += given.slots;
    shadow.loads += given.loads;
    shadow.stores += given.stores;
    timing.begins = timing.issued < shadow.squash_at;
    timing.ends_path = shadow.not_before >= shadow.squash_at;
    return timing;
}

}  // namespace ringfence::sim::timing
