// SPDX-License-Identifier: MIT
#include "lab/prove/path_recorder.h"

namespace ringfence::lab::prove {

void PathRecorder::instruction(const sim::observe::Executed& executed) {
    const Step step{
        .moment = {.instructions = machine_->counters().total_instructions(), .rip = executed.rip},
        .user = executed.user,
        .in_paths = !executed.user && paths_.contains(executed.rip)};
    if (last_ && last_->moment == step.moment) {
        return;  // tried again, to reach a device at the exact time
    }
    const Origin origin = !last_            ? Origin::Kernel
                          : last_->in_paths ? Origin::Path
                          : last_->user     ? Origin::User
                                            : Origin::Kernel;
    const bool from_paths = origin == Origin::Path;
    if (step.in_paths) {
        if (origin == Origin::User) {
            enter_place(*last_, {.origin = Origin::User});
        }
        enter_place(step, {.origin = origin,
                           .from = from_paths ? last_->moment.rip : VirtualAddress{},
                           .entered_by = entered_by_});
    } else if (step.user && from_paths) {
        enter_place(step, {});
    }
    if (!step.in_paths) {
        entered_by_ = Place::no_entry;
    }
    last_ = step;
}

void PathRecorder::exception(const sim::observe::ExceptionEvent& event) {
    entered_by_ = event.vector;
}

void PathRecorder::interrupt(const sim::observe::InterruptEvent& event) {
    entered_by_ = event.vector;
}

/// A user instruction between two crossings is behind the one and before the other: two places.
void PathRecorder::enter_place(const Step& step, Place place) {
    place.rip = step.moment.rip;
    place.user = step.user;
    occurrences_[place].push_back(step.moment);
}

void WayRecorder::begin(u8 vector, VirtualAddress rip) {
    if (phase_ == Phase::Before && vector == vector_) {
        phase_ = Phase::Within;
        interrupted_ = rip;
    }
}

void WayRecorder::exception(const sim::observe::ExceptionEvent& event) {
    begin(event.vector, event.rip);
    PathRecorder::exception(event);
}

void WayRecorder::interrupt(const sim::observe::InterruptEvent& event) {
    begin(event.vector, event.rip);
    PathRecorder::interrupt(event);
}

void WayRecorder::iret(VirtualAddress target, bool /*to_user*/) {
    if (phase_ == Phase::Within && target == interrupted_) {
        phase_ = Phase::Over;
        pause();
    }
}

void WayRecorder::instruction(const sim::observe::Executed& executed) {
    if (phase_ == Phase::Within) {
        PathRecorder::instruction(executed);
    }
}

}  // namespace ringfence::lab::prove
