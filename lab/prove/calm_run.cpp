// SPDX-License-Identifier: MIT
#include "lab/prove/calm_run.h"

#include <utility>

#include "lab/error.h"
#include "lab/prove/path_recorder.h"

namespace ringfence::lab::prove {

namespace {

using sim::machine::MachineEnd;
using Reason = MachineEnd::Reason;

/// Saved states lie so many instructions apart, and there are so many of them at the most: each
/// holds a copy of what RAM the guest uses.
constexpr u64 least_distance = 10'000;
constexpr u64 most_saved = 24;

/// Pauses when the machine first goes to user mode.
class FirstUser final : public sim::observe::Observer {
public:
    void attach(sim::machine::Machine& machine) { machine_ = &machine; }
    void user_entered(VirtualAddress /*target*/) override {
        if (machine_ != nullptr) {
            std::exchange(machine_, nullptr)->pause();
        }
    }

private:
    sim::machine::Machine* machine_ = nullptr;
};

std::vector<sim::observe::Observer*> with(sim::observe::Observer& own, Watcher* watcher) {
    std::vector<sim::observe::Observer*> observers{&own};
    if (watcher != nullptr) {
        observers.push_back(&watcher->observer());
    }
    return observers;
}

SavedRun save(const machine::GuestMachine& guest, const Watcher* watcher) {
    return {.guest = guest.save(), .watcher = watcher != nullptr ? watcher->copy() : nullptr};
}

SavedRun boot(const InjectionPlan& plan) {
    FirstUser first_user;
    const std::unique_ptr<Watcher> watcher = plan.make_watcher ? plan.make_watcher() : nullptr;
    machine::GuestMachine guest(
        {.cpu = plan.cpu,
         .kernel = plan.kernel,
         .initramfs = plan.initramfs,
         .command_line = plan.command_line,
         .memory_mib = plan.memory_mib,
         .run = {.observers = with(first_user, watcher.get()), .stop = &plan.stop.flag()}});
    first_user.attach(guest.machine());
    if (watcher) {
        watcher->attach(guest.machine());
    }
    const MachineEnd end = guest.run();
    if (end.reason != Reason::Paused) {
        fail(Failure::Own, "the guest does not come to user mode: {} {}", end.detail,
             guest.report().start_failure);
    }
    guest.machine().raise_interrupt(plan.timer_vector);
    return save(guest, watcher.get());
}

/// The same run twice: recorded by its instructions, and then saved on its way.
void record(CalmRun& calm, const InjectionPlan& plan, const KernelPaths& paths) {
    PathRecorder recorder(paths);
    machine::GuestMachine guest(calm.saved.front().guest,
                                {.observers = {&recorder}, .stop = &plan.stop.flag()});
    recorder.attach(guest.machine());
    calm.checkpoints = {guest.machine().counters().total_instructions()};
    calm.end = end_of(guest, guest.run());
    calm.last_instruction = guest.machine().counters().total_instructions();
    calm.occurrences = recorder.occurrences();
}

void save_on_the_way(CalmRun& calm, const InjectionPlan& plan) {
    const SavedRun& start = calm.saved.front();
    const std::unique_ptr<Watcher> watcher = start.watcher ? start.watcher->copy() : nullptr;
    std::vector<sim::observe::Observer*> observers;
    if (watcher) {
        observers.push_back(&watcher->observer());
    }
    machine::GuestMachine guest(start.guest,
                                {.observers = std::move(observers), .stop = &plan.stop.flag()});
    if (watcher) {
        watcher->attach(guest.machine());
    }
    for (usize i = 1; i < calm.checkpoints.size(); ++i) {
        if (guest.run_to(calm.checkpoints[i]).reason != Reason::InstructionLimit) {
            return;  // stopped: `inject` sees it
        }
        calm.saved.push_back(save(guest, watcher.get()));
    }
    guest.run();
    if (watcher) {
        calm.findings = watcher->findings();
    }
}

}  // namespace

CalmRun run_calm(const InjectionPlan& plan, const KernelPaths& paths) {
    CalmRun calm;
    calm.saved.push_back(boot(plan));
    record(calm, plan, paths);
    if (plan.stop.requested()) {
        return calm;
    }
    if (calm.end.machine.reason != Reason::DebugExit || !calm.end.report.exit) {
        fail(Failure::Own, "the program does not end by itself: {} {}", calm.end.machine.detail,
             calm.end.report.start_failure);
    }
    const u64 first = calm.checkpoints.front();
    calm.checkpoints =
        checkpoints(spread(calm.occurrences, plan.times_each), first,
                    std::max(least_distance, (calm.last_instruction - first) / most_saved));
    save_on_the_way(calm, plan);
    return calm;
}

Occurrences record_way(const CalmRun& calm, EventKind kind, const Occurrence& at,
                       const KernelPaths& paths, u8 timer_vector) {
    WayRecorder recorder(paths, vector_of(kind, timer_vector));
    const SavedRun& saved = calm.saved[nearest_checkpoint(calm.checkpoints, at.moment)];
    machine::GuestMachine guest(saved.guest, {});
    run_to_moment(guest, at.moment);
    recorder.attach(guest.machine());
    guest.machine().observe(recorder);
    raise(guest.machine(), kind, at.place, timer_vector);
    guest.run();
    return recorder.occurrences();
}

}  // namespace ringfence::lab::prove
