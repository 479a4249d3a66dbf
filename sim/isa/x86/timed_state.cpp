// SPDX-License-Identifier: MIT
// What of the timed engine is saved and restored.
#include "sim/isa/x86/timed_execution.h"
#include "sim/state/writer.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::isa::x86 {

using timing::BranchKind;
using timing::Cycle;

namespace {

/// A machine cannot have run for longer, and counts have room to go on.
constexpr u64 most_executed = u64{1} << 60;

}  // namespace

u64 TimedExecution::digest() const {
    return state::digest_of(*this);
}

void TimedExecution::visit_state(state::Visitor& visitor) {
    visitor.part("core", core_);
    const Cycle latest = core_.now() + timing::longest_wait;
    visitor.group("memory", [&] { memory_.visit_state(visitor, latest); });
    visitor.field("executed", executed_, most_executed);
    timing::visit_time(visitor, "last_time_read", last_time_read_, latest);
    visitor.field("unsettled", unsettled_);
    visit_branch(visitor);
    visitor.optional("postponed", postponed_);
    visitor.field("fault_waits", fault_waits_);
    visitor.field("watches_lines", watches_lines_);
    visitor.part("written_lines", written_lines_);
    visitor.field("line_lost", line_lost_);
    visitor.require(repeat_.instruction == nullptr, "a repeated string instruction is under way");
    // Not state: cpu_ (wiring); parameters_ (configuration); repeat_ (there is none); accesses_,
    // last_, transient_, failed_, path_block_, nowhere_, path_ops_ (used within a run); reporting_,
    // reported_ (who watches)
}

/// Of a branch whose successor is not known yet it matters what kind it is, and where it ends.
void TimedExecution::visit_branch(state::Visitor& visitor) {
    bool waits = branch_.profile != nullptr;
    visitor.field("branch_waits", waits);
    if (!waits || !visitor.ok()) {
        branch_ = visitor.loading() ? PendingBranch{} : branch_;
        return;
    }
    if (!visitor.loading()) {
        loaded_branch_.branch = branch_.profile->branch;
        loaded_branch_.length = branch_.profile->length;
    }
    visitor.field("branch_rip", branch_.rip);
    visitor.field("branch_kind", loaded_branch_.branch, BranchKind::Return);
    visitor.field("branch_length", loaded_branch_.length, longest_instruction);
    visitor.require(loaded_branch_.branch != BranchKind::None, "a branch of no kind");
    if (visitor.loading()) {
        branch_.profile = &loaded_branch_;
    }
}

}  // namespace ringfence::sim::isa::x86
