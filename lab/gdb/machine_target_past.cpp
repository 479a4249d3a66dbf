// SPDX-License-Identifier: MIT
// The stops of a stretch of the past, found by running through it.
#include <algorithm>

#include "lab/error.h"
#include "lab/gdb/machine_target.h"

namespace ringfence::lab::gdb {

using Reason = sim::machine::MachineEnd::Reason;

namespace {

/// What has been saved can be resumed, unless the host has no room.
void require(const Result<void, std::string>& gone) {
    if (!gone.ok()) {
        fail(Failure::Own, "--gdb: {}", gone.error());
    }
}

}  // namespace

void MachineTarget::machine_changed() {
    stops_ = {};
    watches_.clear();
    end_.reset();
    end_was_shown_ = false;
}

void MachineTarget::go_to(u64 position) {
    require(timeline_.go_to(position));
    machine_changed();
}

void MachineTarget::go_to_moment(usize number) {
    require(timeline_.go_to_moment(number));
    machine_changed();
}

/// From a moment of the history on: the last stop before `end`. A watched range counts where the
/// access has not happened yet, because that is what a run backward comes to.
MachineTarget::Stretch MachineTarget::search(u64 end, const Stops& stops, Debugger& debugger) {
    constexpr u64 slice = 1'000'000;
    const u64 first = timeline_.position();
    Stretch stretch;
    apply(stops);
    for (u64 ordinal = 1; timeline_.position() < end;) {
        const auto ran = timeline_.run_to(std::min(end, timeline_.position() + slice));
        if (ran.reason == Reason::Paused) {
            const Halt halt = stopped_at();
            const bool watched = halt.kind == Halt::Kind::Watchpoint;
            const u64 place = timeline_.position() - (watched ? 1 : 0);
            if (halt.kind != Halt::Kind::Interrupted && place >= first && place < end) {
                stretch.last = Hit{halt, place, ordinal};
            }
            ++ordinal;
        } else if (ran.reason != Reason::InstructionLimit) {
            break;
        }
        if (debugger.wants_stop()) {
            stretch.interrupted = true;
            break;
        }
    }
    return stretch;
}

/// To a stop that `search` found from that moment.
void MachineTarget::go_to_hit(usize moment, const Hit& hit, const Stops& stops) {
    if (hit.halt.kind == Halt::Kind::Watchpoint) {
        go_to(hit.position);
        return;
    }
    go_to_moment(moment);
    apply(stops);
    for (u64 ordinal = 0; ordinal < hit.ordinal;) {
        const auto ran = timeline_.run_to(hit.position + 1);
        if (ran.reason == Reason::Paused) {
            ++ordinal;
        } else if (timeline_.position() > hit.position) {
            return;
        }
    }
}

}  // namespace ringfence::lab::gdb
