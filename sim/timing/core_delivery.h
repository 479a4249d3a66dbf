// SPDX-License-Identifier: MIT
// The core as it is made, and what happens between instructions: deliveries, idle time.
#pragma once

#include <algorithm>

#include "sim/state/writer.h"
#include "sim/timing/core.h"
#include "sim/timing/digest.h"

namespace ringfence::sim::timing {

/// Such that after a mispredicted branch, executed at c, fetch restarts at c + its latency, and the
/// first instruction may begin at c + the penalty.
template <typename Memory>
Cycle BasicCore<Memory>::fetch_to_dispatch(const CoreParameters& core) {
    const Cycle branch = core.execution[static_cast<unsigned>(ExecutionClass::Branch)].latency;
    const Cycle rest = branch + dispatch_to_issue;
    return core.mispredict_penalty > rest ? core.mispredict_penalty - rest : 0;
}

template <typename Memory>
BasicCore<Memory>::BasicCore(const Parameters& parameters, Memory& memory)
    : parameters_(parameters),
      memory_(memory),
      depth_(fetch_to_dispatch(parameters.core)),
      ports_(parameters.core),
      scheduler_(parameters.core.scheduler),
      reorder_buffer_(parameters.core.reorder_buffer),
      load_queue_(parameters.core.load_queue),
      store_queue_(parameters.core.store_queue),
      stores_(parameters.core.store_queue),
      predictor_(parameters.core) {
    load_ports_ = ports_.renumbered(parameters_.core.load_ports);
    store_address_ports_ = ports_.renumbered(parameters_.core.store_address_ports);
    store_data_ports_ = ports_.renumbered(parameters_.core.store_data_ports);
    RF_ASSERT(load_ports_ != 0 && store_address_ports_ != 0 && store_data_ports_ != 0);
    RF_ASSERT(parameters_.core.fetch_bytes > 0 && parameters_.core.decode_width > 0 &&
              parameters_.core.dispatch_width > 0 && parameters_.core.retire_width > 0 &&
              parameters_.core.scheduler > 0 &&
              parameters_.core.return_stack <= ReturnStack::capacity);
    main_.returns = ReturnStack(parameters_.core.return_stack);
    for (unsigned i = 0; i < execution_class_count; ++i) {
        const ExecutionParameters& execution = parameters_.core.execution[i];
        classes_[i] = {.latency = execution.latency,
                       .more_slots = std::max<u32>(execution.micro_operations, 1) - 1,
                       .entries = execution.ports == 0 ? 0U : 1U};
    }
}

/// Fetch restarts at `from` or later, so that the first instruction begins at `begin` if it can.
template <typename Memory>
void BasicCore<Memory>::restart_to_begin(Cycle from, Cycle begin) {
    const Cycle refill = depth_ + dispatch_to_issue;
    restart(main_, std::max(from, begin > refill ? begin - refill : 0));
}

/// Registers that a blocked load would have written are as they were before it.
template <typename Memory>
void BasicCore<Memory>::unblock(Cycle at) {
    blocked_ = false;
    for (Cycle& ready : main_.ready) {
        ready = std::min(ready, at);
    }
}

template <typename Memory>
Cycle BasicCore<Memory>::deliver(Event event, Cycle from, observe::Place place,
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
        if (access.intent == AccessIntent::Store || access.intent == AccessIntent::LoadStore) {
            main_.committed = std::max(main_.committed + 1, memory_.commit_store(access, end));
        }
    }
    stack_.at(place, observe::Cause::DataTlb) += translation;
    stack_.at(place, observe::Cause::DataCache) += cache;
    stack_.at(place, cause_of(event)) += end - now() - translation - cache;
    main_.retire = {.cycle = end};
    main_.completed = std::max(main_.completed, end);
    unblock(begin);
    restart_to_begin(begin, end);
    return end;
}

template <typename Memory>
void BasicCore<Memory>::pass(Cycle until, observe::Place place, observe::Cause cause) {
    if (until <= now()) {
        return;
    }
    stack_.at(place, cause) += until - now();
    main_.retire = {.cycle = until};
    restart(main_, until);
}

template <typename Memory>
u64 BasicCore<Memory>::digest() const {
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
    digest.add(state::digest_of(predictor_));
    return digest.value();
}

}  // namespace ringfence::sim::timing
