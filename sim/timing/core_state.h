// SPDX-License-Identifier: MIT
// What of the core is saved and restored.
#pragma once

#include "sim/timing/core.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

template <typename Memory>
void BasicCore<Memory>::visit_state(state::Visitor& visitor) {
    visitor.field("now", main_.retire.cycle, never);
    const Cycle latest = now() + longest_wait;
    visitor.field("blocked", blocked_);
    visitor.group("path", [&] { visit_path(visitor, latest); });
    visitor.group("ports", [&] { ports_.visit_state(visitor, latest); });
    visitor.group("scheduler", [&] { scheduler_.visit_state(visitor, latest); });
    visitor.group("reorder_buffer", [&] { reorder_buffer_.visit_state(visitor, latest); });
    visitor.group("load_queue", [&] { load_queue_.visit_state(visitor, latest); });
    visitor.group("store_queue", [&] { store_queue_.visit_state(visitor, latest); });
    visitor.group("stores", [&] { stores_.visit_state(visitor, main_.stores, latest); });
    visitor.part("predictor", predictor_);
    visitor.group("last_branch", [&] {
        visitor.field("predicted", last_branch_.predicted);
        visitor.field("history", last_branch_.history);
        visit_time(visitor, "completed", last_branch_.completed, latest);
    });
    visitor.part("stack", stack_);
    visitor.field("branches", branches_);
    visitor.field("mispredictions", mispredictions_);
    // Not state: parameters_, depth_, classes_, load_ports_, store_address_ports_,
    // store_data_ports_ (configuration); memory_ (wiring)
    visitor.require(stack_.total() == now(), "cycles without a cause, or causes without a cycle");
}

/// The main path; of another nothing is left between two instructions.
template <typename Memory>
void BasicCore<Memory>::visit_path(state::Visitor& visitor, Cycle latest) {
    const CoreParameters& core = parameters_.core;
    visitor.field("ready", main_.ready);
    if (!blocked_) {
        require_times(visitor, main_.ready, latest);
    }
    visitor.group("front", [&] {
        FrontEnd& front = main_.front;
        visitor.field("line", front.line);
        visit_time(visitor, "line_began", front.line_began, latest);
        visit_time(visitor, "cycle", front.cycle, latest);
        visitor.field("bytes", front.bytes, core.fetch_bytes);
        visitor.field("instructions", front.instructions, core.decode_width);
        visit_time(visitor, "wait_for_translation", front.wait.translation, latest);
        visit_time(visitor, "wait_for_cache", front.wait.cache, latest);
        visitor.field("wait_for_mispredict", front.wait.mispredict);
    });
    visit_time(visitor, "dispatch_cycle", main_.dispatch.cycle, latest);
    visitor.field("dispatch_used", main_.dispatch.used, core.dispatch_width);
    visitor.field("retire_used", main_.retire.used, core.retire_width);
    constexpr u64 most = u64{1} << 62;
    visitor.field("micro_operations", main_.micro_operations, most);
    visitor.field("loads", main_.loads, most);
    visitor.field("stores", main_.stores, most);
    visit_time(visitor, "completed", main_.completed, latest);
    visit_time(visitor, "committed", main_.committed, latest);
    visit_time(visitor, "not_before", main_.not_before, latest);
    visit_time(visitor, "loads_not_before", main_.loads_not_before, latest);
    visitor.field("history", main_.history);
    visitor.part("returns", main_.returns);
}

}  // namespace ringfence::sim::timing
