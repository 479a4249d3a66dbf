// SPDX-License-Identifier: MIT
#include "lab/gdb/timeline.h"

#include <algorithm>

namespace ringfence::lab::gdb {

using sim::machine::Machine;
using sim::machine::MachineEnd;
using Reason = MachineEnd::Reason;

namespace {

/// Who goes back once does so again, by a little: a moment so far before the place makes that
/// quick.
constexpr u64 near = 200'000;

/// Between snapshots: to run so far again takes some tenths of a second.
constexpr u64 fast_interval = 32'000'000;
constexpr u64 timed_interval = 2'000'000;

}  // namespace

Timeline::Timeline(std::unique_ptr<Machine>& machine, RecordedIo& io,
                   sim::machine::ResumeConfig resume, bool timed)
    : machine_(machine),
      io_(io),
      resume_(std::move(resume)),
      history_(timed ? timed_interval : fast_interval) {
    io_.serve(*machine_);
    begin();
}

void Timeline::begin() {
    const auto begun = history_.begin(*machine_, io_);
    no_history_ = begun.ok() ? "" : begun.error();
}

u64 Timeline::beginning() const {
    return history_.empty() ? position() : history_.moments().front().instructions;
}

MachineEnd Timeline::run_to(u64 instructions) {
    u64 limit = instructions;
    const auto stop_before = [&](u64 place) {
        limit = place > position() ? std::min(limit, place) : limit;
    };
    stop_before(io_.next_poll());
    if (no_history_.empty()) {
        stop_before(history_.next_due());
    }
    const MachineEnd end = machine_->run_to(limit);
    io_.reached(position());
    const bool due = no_history_.empty() && position() >= history_.next_due();
    if (due && end.reason == Reason::InstructionLimit) {
        history_.remember(*machine_, io_);
    }
    return end;
}

Result<void, std::string> Timeline::restore(const History::Moment& moment) {
    RF_TRY_ASSIGN(machine, Machine::resume(*moment.snapshot, resume_));
    machine_ = std::move(machine);
    io_.serve(*machine_);
    io_.go_to(moment.io);
    return {};
}

/// Along a way that it has gone before: nothing stops it.
void Timeline::run_quietly_to(u64 instructions) {
    while (position() < instructions) {
        const auto end = run_to(instructions);
        if (end.reason != Reason::InstructionLimit && end.reason != Reason::Paused) {
            return;
        }
    }
}

Result<void, std::string> Timeline::go_to(u64 instructions) {
    const History::Moment moment = history_.before(instructions);
    RF_TRY(restore(moment));
    if (instructions - moment.instructions > 2 * near) {
        run_quietly_to(instructions - near);
        history_.remember(*machine_, io_);
    }
    run_quietly_to(instructions);
    return {};
}

Result<void, std::string> Timeline::go_to_moment(usize number) {
    const History::Moment moment = history_.moments().at(number);
    return restore(moment);
}

void Timeline::changed() {
    io_.forget_future();
    if (no_history_.empty()) {
        begin();
    }
}

}  // namespace ringfence::lab::gdb
