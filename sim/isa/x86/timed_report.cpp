// SPDX-License-Identifier: MIT
// What the timed engine tells those who watch it step by step.
#include "sim/isa/x86/timed_execution.h"

namespace ringfence::sim::isa::x86 {

using observe::TimingEvent;

/// While this is on, every instruction is settled, by which the next one that begins says that the
/// one before has retired.
void TimedExecution::report(bool on) {
    if (reporting_ != on) {
        reporting_ = on;
        reported_ = executed_;
        memory_.report_to(on ? &cpu_.recorder : nullptr);
    }
    unsettled_ |= on;
}

void TimedExecution::report_event(TimingEvent event) {
    event.user = cpu_.cpl() == 3;
    cpu_.recorder.timing(event);
}

/// An instruction that faulted or was postponed did not retire: it was taken back.
void TimedExecution::report_retired() {
    if (executed_ != reported_) {
        reported_ = executed_;
        const timing::Cycle now = core_.now();
        report_event({.kind = TimingEvent::Kind::Retired,
                      .cycle = now,
                      .rip = VirtualAddress{memory_.rip()}});
        memory_.report_accesses(TimingEvent::Kind::Access, now);
    }
}

void TimedExecution::report_transient(u64 rip, timing::Cycle issued) {
    report_event(
        {.kind = TimingEvent::Kind::Transient, .cycle = issued, .rip = VirtualAddress{rip}});
    memory_.report_accesses(TimingEvent::Kind::TransientAccess, issued);
}

}  // namespace ringfence::sim::isa::x86
