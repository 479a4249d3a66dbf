// SPDX-License-Identifier: MIT
#include "lab/prove/mutation_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/x86/page_fault_error_code.h"
#include "lab/error.h"
#include "lab/guest_programs.h"
#include "lab/machine/guest_machine.h"
#include "lab/pack/guest_image.h"
#include "lab/prove/inject.h"
#include "lab/prove/monitor_watcher.h"
#include "lab/prove/status_check.h"
#include "sim/presets/preset_file.h"

namespace ringfence::lab::prove {

namespace {

using Reason = sim::machine::MachineEnd::Reason;

/// A mutation may send a program into a loop.
constexpr u64 instruction_limit = 20'000'000;
/// Where events are only what the mutation needs to show, a few of each kind do.
constexpr usize most_injections = 150;

/// What one run, or many with events, found.
struct Found {
    std::vector<std::string> by;  ///< as MutationResult::caught_by
    std::string evidence;

    void add(std::string_view what, const std::string& line) {
        if (std::ranges::find(by, what) == by.end()) {
            by.emplace_back(what);
        }
        if (evidence.empty()) {
            evidence = line;
        }
    }
};

bool needs(const Mutation& mutation, std::string_view what) {
    return std::ranges::find(mutation.needs, what) != mutation.needs.end();
}

/// Whether some of its programs are not to be isolated.
Monitor::Scope scope_of(const Mutation& mutation) {
    const auto& program = mutation.program;
    const bool mixed = std::ranges::find(program, "designs") != program.end();
    return mixed ? Monitor::Scope::IsolatedPrograms : Monitor::Scope::AllPrograms;
}

/// The first word of a finding of a watcher is the rule's id.
void add_finding(Found& found, const std::string& line) {
    found.add(line.substr(0, line.find(':')), line);
}

/// What an injected run says may be of several rules.
void add_failure(Found& found, const std::string& what, const std::string& line) {
    bool by_rule = false;
    for (const audit::RuleText& rule : audit::rules()) {
        if (what.contains(std::string(rule.id) + ": ")) {
            found.add(rule.id, line);
            by_rule = true;
        }
    }
    if (!by_rule) {
        found.add("injection", line);
    }
}

class Runner {
public:
    Runner(const MutationBench& bench, const Mutation& mutation)
        : bench_(bench), mutation_(mutation), cpu_(model(mutation)) {
        pack::GuestRequest request;
        request.command = mutation.program;
        request.command.front() = guest_program_path(mutation.program.front());
        initramfs_ = pack::pack_guest(request).initramfs;
    }

    Found run(const std::string& command_line) {
        Found found;
        if (needs(mutation_, "double-fault")) {
            run_without_stack(command_line, found);
            return found;
        }
        run_once(command_line, found);
        for (const auto& [need, kind] : {std::pair{"nmi", EventKind::Nmi},
                                         {"machine-check", EventKind::MachineCheck},
                                         {"debug", EventKind::DebugTrap}}) {
            if (needs(mutation_, need)) {
                run_with_events(command_line, kind, found);
            }
        }
        return found;
    }

private:
    static sim::presets::CpuModel model(const Mutation& mutation) {
        auto cpu = sim::presets::find_preset(mutation.cpu);
        if (!cpu.ok()) {
            fail(Failure::Own, "mutation {}: {}", mutation.name, cpu.error());
        }
        return std::move(cpu).value();
    }

    [[nodiscard]] machine::GuestMachineConfig config(const std::string& command_line) const {
        return {.cpu = cpu_,
                .kernel = bench_.mutants,
                .initramfs = initramfs_,
                .command_line = command_line,
                .run = {.strict_tlb = needs(mutation_, "strict"),
                        .instruction_limit = instruction_limit,
                        .stop = &bench_.stop.flag()}};
    }

    [[nodiscard]] std::unique_ptr<MonitorWatcher> watcher() const {
        return std::make_unique<MonitorWatcher>(bench_.manifest, bench_.mutants.symbols(),
                                                scope_of(mutation_));
    }

    /// In the shared design nothing is to be isolated, but what says so must be true.
    void run_once(const std::string& command_line, Found& found) {
        const auto looks_on = watcher();
        machine::GuestMachineConfig wanted = config(command_line);
        wanted.run.observers.push_back(&looks_on->observer());
        machine::GuestMachine guest(wanted);
        looks_on->attach(guest.machine());
        const auto end = guest.run();
        const bool is_shared = command_line.find("pti=off") != std::string::npos &&
                               scope_of(mutation_) == Monitor::Scope::AllPrograms;
        if (!is_shared) {
            for (const std::string& line : looks_on->findings()) {
                add_finding(found, line);
            }
        }
        for (const std::string& lie :
             lies_of(guest.report(), guest.output(), looks_on->monitor())) {
            add_finding(found, "I22: " + lie);
        }
        if (end.reason != Reason::DebugExit || !guest.report().exit) {
            found.add("ending", "the machine ended otherwise: " + ending(guest, end));
        } else if (guest.report().exit->code != 0 || guest.report().exit->signal != 0) {
            found.add("ending",
                      fmt::format("the program failed with status {}", guest.report().exit->code));
        }
    }

    static std::string ending(const machine::GuestMachine& guest,
                              const sim::machine::MachineEnd& end) {
        const std::string& log = guest.report().kernel_log;
        const auto panic = log.find("kernel panic");
        return panic == log.npos ? end.detail : log.substr(panic, log.find('\n', panic) - panic);
    }

    void run_with_events(const std::string& command_line, EventKind kind, Found& found) {
        InjectionPlan plan{.cpu = cpu_,
                           .kernel = bench_.mutants,
                           .initramfs = initramfs_,
                           .command_line = command_line,
                           .kinds = {kind},
                           .times_each = 1,
                           .most_runs = most_injections,
                           .make_watcher = [this] { return watcher(); },
                           .stop = bench_.stop};
        const InjectionResult result = inject(plan);
        for (const InjectionKindResult& of_kind : result.kinds) {
            for (const InjectionFailure& failure : of_kind.failures) {
                add_failure(
                    found, failure.what,
                    fmt::format("{} before {}: {}", name_of(kind), failure.place, failure.what));
            }
        }
    }

    /// A page fault before SYSCALL's first instruction, where RSP is the program's: it cannot be
    /// delivered, and the double fault must still end in the kernel's panic.
    void run_without_stack(const std::string& command_line, Found& found) {
        const auto entry = bench_.mutants.symbols().address_of("syscall_isolated");
        if (!entry) {
            fail(Failure::Own, "the kernel image: {}: has no symbol syscall_isolated",
                 bench_.mutants.path());
        }
        machine::GuestMachine guest(config(command_line));
        guest.machine().stop_at({*entry});
        auto end = guest.run();
        if (end.reason != Reason::Paused) {
            fail(Failure::Own, "mutation {}: its program makes no system call", mutation_.name);
        }
        using arch::x86::PageFaultErrorCode;
        guest.machine().stop_at({});
        guest.machine().raise_page_fault(
            *entry, PageFaultErrorCode::present.mask | PageFaultErrorCode::fetch.mask);
        end = guest.run();
        if (guest.report().kernel_log.find("kernel panic: double fault") == std::string::npos) {
            found.add(audit::text_of(audit::Rule::SafeRootReached).id,
                      "a double fault in the entry code did not reach the kernel: " + end.detail);
        }
    }

    const MutationBench& bench_;
    const Mutation& mutation_;
    sim::presets::CpuModel cpu_;
    std::string initramfs_;
};

/// The mutation's own rules come first.
std::vector<std::string> own_rules_first(const std::vector<std::string>& found,
                                         const std::vector<std::string>& own) {
    std::vector<std::string> sorted;
    for (const bool is_own : {true, false}) {
        for (const std::string& by : found) {
            if ((std::ranges::find(own, by) != own.end()) == is_own) {
                sorted.push_back(by);
            }
        }
    }
    return sorted;
}

}  // namespace

bool MutationResult::is_caught() const {
    return control.empty() && !caught_by.empty() &&
           std::ranges::find(mutation->breaks, caught_by.front()) != mutation->breaks.end();
}

MutationResult run_mutation(const MutationBench& bench, const Mutation& mutation) {
    Runner runner(bench, mutation);
    // The image's symbols are for where it was linked.
    const std::string command_line = mutation.command_line + " nokaslr";
    Found found = runner.run(command_line);
    std::string healthy = command_line;
    const auto option = healthy.find(" mutation=");
    healthy.erase(option, healthy.find(' ', option + 1) - option);
    const Found control = runner.run(healthy);
    return {.mutation = &mutation,
            .caught_by = own_rules_first(found.by, mutation.breaks),
            .evidence = std::move(found.evidence),
            .control = control.evidence};
}

}  // namespace ringfence::lab::prove
