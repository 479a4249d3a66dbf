// SPDX-License-Identifier: MIT
#include "sim/timing/core.h"

#include <algorithm>
#include <utility>

#include "sim/timing/digest.h"

namespace ringfence::sim::timing {
namespace {

/// Whether it begins only when it cannot be squashed any more.
bool waits_for_retirement(const InstructionProfile& profile) {
    return profile.stops_transience || profile.ordering == Ordering::Serializing ||
           profile.ordering == Ordering::Memory;
}

bool is_store(const DataAccess& access) {
    return access.intent == AccessIntent::Store || access.intent == AccessIntent::LoadStore;
}

}  // namespace

/// Such that after a mispredicted branch, executed at c, fetch restarts at c + its latency, and the
/// first instruction may begin at c + the penalty.
Cycle Core::fetch_to_dispatch(const CoreParameters& core) {
    const Cycle branch = core.execution[static_cast<unsigned>(ExecutionClass::Branch)].latency;
    const Cycle rest = branch + dispatch_to_issue;
    return core.mispredict_penalty > rest ? core.mispredict_penalty - rest : 0;
}

Core::Core(const Parameters& parameters, MemoryPort& memory)
    : parameters_(parameters),
      core_(parameters.core),
      memory_(memory),
      depth_(fetch_to_dispatch(parameters.core)),
      ports_(parameters.core),
      scheduler_(parameters.core.scheduler),
      reorder_buffer_(parameters.core.reorder_buffer),
      load_queue_(parameters.core.load_queue),
      store_queue_(parameters.core.store_queue),
      stores_(parameters.core.store_queue),
      predictor_(parameters.core) {
    load_ports_ = ports_.renumbered(core_.load_ports);
    store_address_ports_ = ports_.renumbered(core_.store_address_ports);
    store_data_ports_ = ports_.renumbered(core_.store_data_ports);
    RF_ASSERT(load_ports_ != 0 && store_address_ports_ != 0 && store_data_ports_ != 0);
    RF_ASSERT(core_.fetch_bytes > 0 && core_.decode_width > 0 && core_.dispatch_width > 0 &&
              core_.retire_width > 0 && core_.scheduler > 0 &&
              core_.return_stack <= ReturnStack::capacity);
    main_.returns = ReturnStack(core_.return_stack);
}

/// What an instruction takes from its first possible beginning if nothing holds it up.
Cycle Core::unhindered(const InstructionProfile& profile, const Shape& shape) const {
    const bool own = !profile.eliminated && profile.event == Event::None;
    return (own ? core_.execution[static_cast<unsigned>(profile.execution)].latency : 0) +
           (shape.loads != 0 ? parameters_.hierarchy.l1d.latency : 0) + (shape.stores != 0 ? 1 : 0);
}

/// All that both kinds of path have: fetch to completion. Its results are in the stream's
/// registers.
Core::Attempt Core::attempt(Stream& stream, const InstructionProfile& profile, const Step& step) {
    Attempt out;
    out.shape = shape_of(profile, step.accesses);
    fetch(stream, step.rip, profile.length);
    out.waits.fetch = std::exchange(stream.front.wait, {});
    const Cycle decoded = stream.front.cycle + depth_;
    out.timing.dispatched = dispatch(stream, out.shape, out.waits);
    out.timing.fetched = stream.front.cycle;
    const Cycle alone = dispatch_to_issue + unhindered(profile, out.shape);
    out.waits.supplied = decoded + alone;
    out.waits.dispatched = out.timing.dispatched + alone;
    out.timing.predicted_next = predict(stream, profile, step.rip);
    if (out.timing.dispatched == never) {
        out.timing.issued = out.timing.completed = never;
        return out;
    }
    if (stream.squash_at != never && waits_for_retirement(profile)) {
        hold(stream, profile, out);
    } else {
        execute(stream, profile, step.accesses, out);
    }
    stream.micro_operations += out.shape.slots;
    stream.loads += out.shape.loads;
    stream.stores += out.shape.stores;
    return out;
}

void Core::execute(Stream& stream, const InstructionProfile& profile,
                   std::span<const DataAccess> accesses, Attempt& out) {
    Timing& timing = out.timing;
    ports_.advance(timing.dispatched);
    const Cycle earliest = earliest_begin(stream, profile.ordering, timing.dispatched);
    const Accessed accessed = send_accesses(stream, profile, accesses, earliest);
    out.blocked = accessed.blocked;
    out.waits.translation = accessed.translation;
    out.waits.cache = accessed.cache;
    Result result{.issued = accessed.first, .ready = never};
    timing.completed = std::max(accessed.known, earliest);
    if (!accessed.blocked) {
        result = operate(stream, profile, accessed, earliest);
        timing.completed = std::max(result.ready, accessed.addressed);
        if (out.shape.stores != 0 && accessed.addressed < never) {
            timing.completed =
                std::max(timing.completed, send_store_data(stream, accesses, result.ready));
        }
    }
    timing.issued = result.issued;
    for (const u8 name : profile.destinations.span()) {
        stream.ready[name] = result.ready;
    }
    stream.completed = std::max(stream.completed, timing.completed);
    if (profile.ordering == Ordering::Loads) {
        stream.not_before = std::max(stream.not_before, timing.completed);
    }
}

Timing Core::step(const InstructionProfile& profile, const Step& step) {
    last_branch_.history = main_.history;
    Attempt attempt = this->attempt(main_, profile, step);
    RF_ASSERT(attempt.timing.completed < never);
    retire(profile, step, attempt);
    order_younger(profile, attempt.timing);
    last_branch_.predicted = attempt.timing.predicted_next;
    last_branch_.completed = attempt.timing.completed;
    return attempt.timing;
}

void Core::retire(const InstructionProfile& profile, const Step& step, Attempt& attempt) {
    const Shape& shape = attempt.shape;
    const Cycle previous = main_.retire.cycle;
    const Cycle retired =
        main_.retire.take(attempt.timing.completed, shape.slots, core_.retire_width);
    attempt.timing.retired = retired;
    charge(stack_, step.place, profile, attempt.waits, previous, retired);
    for (u64 number = main_.micro_operations - shape.slots; number < main_.micro_operations;
         ++number) {
        reorder_buffer_.leave(number, retired);
    }
    for (u64 number = main_.loads - shape.loads; number < main_.loads; ++number) {
        load_queue_.leave(number, retired);
    }
    if (shape.stores != 0) {
        commit_stores(step.accesses, main_.stores - shape.stores, attempt);
    }
}

/// Each retired store asks for its line at once; they are written in order, one in a cycle. Those
/// of an instruction that faults only leave the queue.
void Core::commit_stores(std::span<const DataAccess> accesses, u64 number, const Attempt& attempt) {
    const Cycle retired = attempt.timing.retired;
    for (const DataAccess& access : accesses) {
        if (!is_store(access)) {
            continue;
        }
        if (!attempt.blocked) {
            const Cycle writable = memory_.commit_store(access, retired);
            main_.committed = std::max({main_.committed + 1, writable, retired + 1});
            stores_.commit(number, main_.committed);
        }
        store_queue_.leave(number, std::max(main_.committed, retired));
        ++number;
    }
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

/// Fetch restarts at `from` or later, so that the first instruction begins at `begin` if it can.
void Core::restart_to_begin(Cycle from, Cycle begin) {
    const Cycle refill = depth_ + dispatch_to_issue;
    restart(main_, std::max(from, begin > refill ? begin - refill : 0));
}

/// Queue entries that the shadow takes are written down nowhere but in its numbers: none of them is
/// free before the squash, and after it all are. Ports and scheduler entries that it takes are all
/// free at the squash, and nothing of the main path is dispatched before then: its next instruction
/// is fetched at the squash at the earliest. So nothing has to be undone; only a unit that is not
/// pipelined finishes what it began.
Timing Core::step_transient(Stream& shadow, const InstructionProfile& profile, const Step& step) {
    Attempt attempt = this->attempt(shadow, profile, step);
    Timing& timing = attempt.timing;
    timing.retired = never;
    timing.begins = timing.issued < shadow.squash_at;
    timing.ends_path = timing.dispatched == never || shadow.not_before >= shadow.squash_at;
    return timing;
}

/// In a path that will be squashed, of an instruction that begins when it is the oldest only.
void Core::hold(Stream& shadow, const InstructionProfile& profile, Attempt& out) {
    for (u32 entry = 0; entry < out.shape.operations; ++entry) {
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
    out.timing.issued = out.timing.completed = never;
}

Cycle Core::deliver(Event event, Cycle from, observe::Place place,
                    std::span<const DataAccess> accesses) {
    const Cycle begin = std::max(from, now());
    Cycle translation = 0;
    Cycle cache = 0;
    for (const DataAccess& access : accesses) {
        const AccessTime time = memory_.access(access, begin + translation + cache);
        translation += time.translation;
        cache += time.cache;
    }
    const Cycle end = begin + parameters_.cost_of(event) + translation + cache;
    for (const DataAccess& access : accesses) {
        if (is_store(access)) {
            main_.committed = std::max(main_.committed + 1, memory_.commit_store(access, end));
        }
    }
    stack_.at(place, observe::Cause::DataTlb) += translation;
    stack_.at(place, observe::Cause::DataCache) += cache;
    stack_.at(place, cause_of(event)) += end - now() - translation - cache;
    main_.retire = {.cycle = end};
    main_.completed = std::max(main_.completed, end);
    for (Cycle& ready : main_.ready) {
        ready = std::min(ready, begin);
    }
    restart_to_begin(begin, end);
    return end;
}

void Core::pass(Cycle until, observe::Place place, observe::Cause cause) {
    if (until <= now()) {
        return;
    }
    stack_.at(place, cause) += until - now();
    main_.retire = {.cycle = until};
    restart(main_, until);
}

u64 Core::digest() const {
    Digest digest;
    for (const Cycle ready : main_.ready) {
        digest.add(ready);
    }
    for (const u64 number :
         {main_.front.line, main_.front.cycle, main_.dispatch.cycle, main_.retire.cycle,
          main_.micro_operations, main_.loads, main_.stores, main_.completed, main_.committed,
          main_.not_before, main_.loads_not_before, main_.history, branches_, mispredictions_}) {
        digest.add(number);
    }
    for (const auto& place : stack_.cycles) {
        for (const u64 cycles : place) {
            digest.add(cycles);
        }
    }
    predictor_.add_to(digest);
    return digest.value();
}

}  // namespace ringfence::sim::timing
