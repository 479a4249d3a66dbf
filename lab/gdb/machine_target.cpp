// SPDX-License-Identifier: MIT
#include "lab/gdb/machine_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "lab/gdb/monitor.h"

namespace ringfence::lab::gdb {

using sim::machine::MachineEnd;
using Reason = MachineEnd::Reason;

namespace {

/// A debugger is heard after this many instructions at the latest: some milliseconds of host time.
constexpr u64 fast_slice = 1'000'000;
constexpr u64 timed_slice = 50'000;

sim::mmu::WatchedRange range_of(const Watch& watch) {
    return {.first = watch.first,
            .bytes = watch.bytes,
            .reads = watch.kind != Watch::Kind::Write,
            .writes = watch.kind != Watch::Kind::Read};
}

std::string words_of(const MachineEnd& end) {
    switch (end.reason) {
        case Reason::DebugExit:
            return fmt::format("the guest wrote {:#x} to the exit port", end.exit_code);
        case Reason::PowerOff:
            return "the guest has switched the machine off";
        case Reason::Reset:
            return "the guest has reset the machine";
        case Reason::TripleFault:
            return "triple fault";
        case Reason::HaltedForever:
            return "the processor has halted, and nothing can wake it";
        case Reason::Stuck:
            return "the processor does the same for ever";
        case Reason::InstructionLimit:
            return "the most instructions have run";
        case Reason::Paused:
        case Reason::Stopped:
            break;
    }
    return "stopped";
}

}  // namespace

bool MachineTarget::set_registers(const DebugRegisters& wanted) {
    if (wanted == registers()) {
        return true;
    }
    const bool done = view().set_registers(wanted);
    if (done) {
        timeline_.changed();
    }
    return done;
}

bool MachineTarget::read(Space space, u64 address, std::span<u8> out) {
    return space == Space::Virtual ? view().read(VirtualAddress{address}, out)
                                   : machine_->read_physical(PhysicalAddress{address}, out);
}

bool MachineTarget::write(Space space, u64 address, std::span<const u8> bytes) {
    const bool done = space == Space::Virtual ? view().write(VirtualAddress{address}, bytes)
                                              : view().write(PhysicalAddress{address}, bytes);
    if (done) {
        timeline_.changed();
    }
    return done;
}

std::string MachineTarget::monitor(std::string_view command) {
    return run_monitor(command, {.machine = *machine_, .symbols = request_.symbols});
}

/// Changing them costs the machine what it has decoded, and debuggers take breakpoints away and set
/// them again at each stop.
void MachineTarget::apply(const Stops& stops) {
    if (stops == stops_) {
        return;
    }
    stops_ = stops;
    std::vector<VirtualAddress> addresses;
    for (const auto* set : {&stops.software, &stops.hardware}) {
        for (const u64 address : *set) {
            addresses.emplace_back(address);
        }
    }
    machine_->stop_at(std::move(addresses));
    watches_.assign(stops.watches.begin(), stops.watches.end());
    std::vector<sim::mmu::WatchedRange> ranges;
    std::ranges::transform(watches_, std::back_inserter(ranges), range_of);
    view().watch(std::move(ranges));
}

Halt MachineTarget::resume(Motion motion, const Stops& stops, Debugger& debugger) {
    if (motion == Motion::ReverseStep) {
        return step_back();
    }
    if (motion == Motion::ReverseContinue) {
        return run_back(stops, debugger);
    }
    apply(stops);
    machine_->pass_stop();
    return run_to(motion == Motion::Step ? timeline_.position() + 1 : ~u64{0}, debugger);
}

Halt MachineTarget::run_to(u64 instructions, Debugger& debugger) {
    if (end_) {
        return ended(*end_, debugger);
    }
    const u64 slice = request_.timed ? timed_slice : fast_slice;
    const u64 limit = std::min(instructions, request_.instruction_limit);
    for (;;) {
        const MachineEnd end = timeline_.run_to(std::min(limit, timeline_.position() + slice));
        if (end.reason == Reason::Paused) {
            return stopped_at();
        }
        if (end.reason != Reason::InstructionLimit ||
            timeline_.position() >= request_.instruction_limit) {
            return ended(end, debugger);
        }
        if (timeline_.position() >= limit) {
            return {.kind = Halt::Kind::Stepped};
        }
        if (debugger.wants_stop()) {
            return {.kind = Halt::Kind::Interrupted};
        }
    }
}

/// At a breakpoint, behind an access to a watched range, or because the debugger wants it.
Halt MachineTarget::stopped_at() {
    const u64 hits = view().take_watch_hits();
    if (hits != 0) {
        const auto first = static_cast<usize>(std::countr_zero(hits));
        return {.kind = Halt::Kind::Watchpoint, .watch = watches_.at(first)};
    }
    const u64 address = registers().linear_rip();
    const bool breakpoint = stops_.software.contains(address) || stops_.hardware.contains(address);
    return {.kind = breakpoint ? Halt::Kind::Breakpoint : Halt::Kind::Interrupted};
}

/// Where there is a way back, a debugger sees the end before it is the end.
Halt MachineTarget::ended(const MachineEnd& end, Debugger& debugger) {
    end_ = end;
    if (no_reverse().empty() && end.reason != Reason::Stopped && !end_was_shown_) {
        end_was_shown_ = true;
        debugger.tell("The machine has ended: " + words_of(end) +
                      ". From here one can go back; to go on ends the session.\n");
        return {.kind = Halt::Kind::HistoryEnd};
    }
    const bool in_order = end.reason == Reason::DebugExit || end.reason == Reason::PowerOff ||
                          end.reason == Reason::Reset;
    return {.kind = Halt::Kind::Ended,
            .status = static_cast<u8>(end.exit_code),
            .by_failure = !in_order};
}

MachineEnd MachineTarget::run_to_end() {
    apply({});
    while (!end_) {
        const MachineEnd end = timeline_.run_to(request_.instruction_limit);
        const bool is_limit = end.reason == Reason::InstructionLimit;
        if (end.reason != Reason::Paused &&
            !(is_limit && timeline_.position() < request_.instruction_limit)) {
            end_ = end;
        }
    }
    return *end_;
}

// The way back ------------------------------------------------------------------------------------

Halt MachineTarget::step_back() {
    const u64 now = timeline_.position();
    if (now <= timeline_.beginning()) {
        return {.kind = Halt::Kind::HistoryBegin};
    }
    go_to(now - 1);
    return {.kind = Halt::Kind::Stepped};
}

/// Looks at the stretches between snapshots, the last one first, each by running through it.
Halt MachineTarget::run_back(const Stops& stops, Debugger& debugger) {
    const u64 start = timeline_.position();
    u64 end = start;
    const auto& moments = timeline_.history().moments();
    for (usize number = moments.size(); number-- > 0;) {
        const u64 first = moments[number].instructions;
        if (first >= end) {
            continue;
        }
        go_to_moment(number);
        const Stretch stretch = search(end, stops, debugger);
        if (stretch.interrupted) {
            go_to(start);
            return {.kind = Halt::Kind::Interrupted};
        }
        if (stretch.last) {
            go_to_hit(number, *stretch.last, stops);
            return stretch.last->halt;
        }
        end = first;
    }
    go_to(timeline_.beginning());
    return {.kind = Halt::Kind::HistoryBegin};
}

}  // namespace ringfence::lab::gdb
