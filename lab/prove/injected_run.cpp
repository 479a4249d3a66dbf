// SPDX-License-Identifier: MIT
#include "lab/prove/injected_run.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "lab/error.h"

namespace ringfence::lab::prove {

namespace {

using sim::machine::MachineEnd;
using Reason = MachineEnd::Reason;

/// Where the first event of a vector came after it was armed.
class DeliveryWatch final : public sim::observe::Observer {
public:
    void arm(u8 vector) { vector_ = vector; }
    void interrupt(const sim::observe::InterruptEvent& event) override {
        note(event.vector, event.rip);
    }
    void exception(const sim::observe::ExceptionEvent& event) override {
        note(event.vector, event.rip);
    }
    [[nodiscard]] std::optional<VirtualAddress> delivered() const { return delivered_; }

private:
    void note(u8 vector, VirtualAddress rip) {
        if (vector_ == vector && !delivered_) {
            delivered_ = rip;
        }
    }

    std::optional<u8> vector_;
    std::optional<VirtualAddress> delivered_;
};

/// How a run's end differs from the calm one; empty if it does not.
std::string difference(const RunEnd& calm, const RunEnd& run) {
    if (run.machine.reason == Reason::InstructionLimit) {
        return fmt::format("does not end {}", run.machine.detail);
    }
    if (!run.report.protocol_error.empty()) {
        return run.report.protocol_error;
    }
    if (run.machine.reason != calm.machine.reason ||
        run.machine.exit_code != calm.machine.exit_code) {
        const std::string& log = run.report.kernel_log;
        const usize panic = log.find("panic");
        return fmt::format("the machine ends otherwise: {} {}", run.machine.detail,
                           panic == std::string::npos
                               ? std::string{}
                               : log.substr(panic, log.find('\n', panic) - panic));
    }
    if (run.report.exit.has_value() != calm.report.exit.has_value()) {
        return "the program's end is not reported as without it";
    }
    if (run.report.exit && (run.report.exit->code != calm.report.exit->code ||
                            run.report.exit->signal != calm.report.exit->signal)) {
        return fmt::format("the program ends with status {}, signal {}; without it, with {}, {}",
                           run.report.exit->code, run.report.exit->signal, calm.report.exit->code,
                           calm.report.exit->signal);
    }
    if (run.output != calm.output || run.error != calm.error) {
        return "the program writes something else";
    }
    return {};
}

/// What is wrong with where the event came, or did not.
std::string misdelivery(const Injection& injection, std::optional<VirtualAddress> delivered,
                        const KernelPaths& paths) {
    if (!may_wait(injection.kind)) {
        return delivered == injection.at.place.rip ? "" : "it did not come where it was raised";
    }
    if (injection.kind == EventKind::TimerInterrupt) {
        return delivered && paths.contains(*delivered) ? "it came where interrupts must be off"
                                                       : "";
    }
    return delivered == injection.outer->place.rip ? "" : "it did not wait for the first one's end";
}

void add(std::string& problems, const std::string& problem) {
    if (!problem.empty()) {
        problems += problems.empty() ? "" : "; ";
        problems += problem;
    }
}

}  // namespace

RunEnd end_of(const machine::GuestMachine& guest, MachineEnd machine) {
    return {.machine = std::move(machine),
            .report = guest.report(),
            .output = guest.output(),
            .error = guest.error()};
}

void run_to_moment(machine::GuestMachine& guest, const Moment& moment) {
    MachineEnd end = guest.run_to(moment.instructions);
    const bool arrived = end.reason == Reason::InstructionLimit;
    if (arrived && end.rip != moment.rip) {
        // An event or a fault lies between the last instruction and this one.
        guest.machine().stop_at({moment.rip});
        end = guest.run();
        guest.machine().stop_at({});
    }
    if (!arrived || end.rip != moment.rip ||
        guest.machine().counters().total_instructions() != moment.instructions) {
        fail(Failure::Own, "the run does not come to {:#x} after {} instructions as it did before",
             moment.rip.value(), moment.instructions);
    }
}

Injected run_injected(const SavedRun& saved, const Injection& injection,
                      const InjectionContext& context) {
    DeliveryWatch delivery;
    const std::unique_ptr<Watcher> watcher = saved.watcher ? saved.watcher->copy() : nullptr;
    std::vector<sim::observe::Observer*> observers{&delivery};
    if (watcher) {
        observers.push_back(&watcher->observer());
    }
    machine::GuestMachine guest(saved.guest, {.observers = std::move(observers),
                                              .instruction_limit = context.instruction_limit,
                                              .stop = context.stop});
    if (watcher) {
        watcher->attach(guest.machine());
    }
    if (injection.outer) {
        run_to_moment(guest, injection.outer->moment);
        raise(guest.machine(), *outer_of(injection.kind), injection.outer->place,
              context.timer_vector);
    }
    run_to_moment(guest, injection.at.moment);
    delivery.arm(vector_of(injection.kind, context.timer_vector));
    raise(guest.machine(), injection.kind, injection.at.place, context.timer_vector);
    const RunEnd end = end_of(guest, guest.run());

    Injected injected{.delivered = delivery.delivered(), .problem = {}};
    add(injected.problem, misdelivery(injection, injected.delivered, context.paths));
    add(injected.problem, difference(context.calm, end));
    if (watcher) {
        for (const std::string& finding : watcher->findings()) {
            add(injected.problem, finding);
        }
    }
    return injected;
}

}  // namespace ringfence::lab::prove
