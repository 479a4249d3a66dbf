// SPDX-License-Identifier: MIT
#include "lab/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringfence::lab {

namespace {

using sim::observe::Counters;
using sim::observe::EntryKind;
using sim::observe::Place;

/// "standard output differs at byte 12", or empty.
std::string first_difference(std::string_view name, std::string_view a, std::string_view b) {
    if (a == b) {
        return {};
    }
    const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return fmt::format("{} differs from byte {} on ({} and {} bytes)", name, at - a.begin(),
                       a.size(), b.size());
}

}  // namespace

std::vector<Setup> make_matrix(const std::vector<std::string>& cpus,
                               const std::vector<Design>& designs,
                               const machine::MachineBackend& backend) {
    std::vector<Setup> matrix;
    for (const std::string& cpu : cpus) {
        const bool has_pcid = backend.has_pcid(cpu);
        for (const Design design : designs) {
            matrix.push_back({cpu, design, has_pcid, design_name(design)});
            if (design == Design::Isolated && has_pcid) {
                matrix.push_back({cpu, design, false, "isolated, no PCID"});
            }
        }
    }
    return matrix;
}

Metrics collect_metrics(const machine::MachineOutcome& outcome,
                        const machine::GuestReport& report) {
    Metrics metrics{};
    const auto set = [&metrics](Metric metric, u64 value) {
        metrics[static_cast<usize>(metric)] = value;
    };
    if (report.statistics) {
        set(Metric::Syscalls, report.statistics->system_calls);
        set(Metric::Interrupts, report.statistics->interrupts);
        set(Metric::PageFaults, report.statistics->page_faults);
        set(Metric::ContextSwitches, report.statistics->context_switches);
        set(Metric::RootWrites, report.statistics->root_writes);
    }
    if (outcome.cycles) {
        set(Metric::Cycles, *outcome.cycles);
        set(Metric::InstructionTlbMisses, outcome.instruction_tlb_misses.value_or(0));
        set(Metric::DataTlbMisses, outcome.data_tlb_misses.value_or(0));
    }
    if (outcome.counters) {
        const Counters& counters = *outcome.counters;
        set(Metric::Instructions, counters.total_instructions());
        set(Metric::User, counters.instructions_at(Place::User));
        set(Metric::Entry, counters.instructions_at(Place::Entry));
        set(Metric::Kernel, counters.instructions_at(Place::Kernel));
        set(Metric::Exit, counters.instructions_at(Place::Exit));
        const auto entries = [&counters](EntryKind kind) {
            return counters.entries[static_cast<usize>(kind)];
        };
        set(Metric::Syscalls, entries(EntryKind::Syscall));
        set(Metric::Interrupts, entries(EntryKind::Interrupt));
        set(Metric::PageFaults, entries(EntryKind::PageFault));
        set(Metric::RootWrites, counters.root_writes);
    }
    return metrics;
}

RunResult result_of(const Setup& setup, CapturedRun run) {
    return {.setup = setup,
            .exit = *run.report.exit,
            .output = std::move(run.output),
            .error = std::move(run.error),
            .metrics = collect_metrics(run.outcome, run.report),
            .stack = run.outcome.stack,
            .boot_instructions = run.outcome.boot_instructions,
            .shortcomings = shortcomings(run.outcome, run.report)};
}

std::string find_disagreement(const std::vector<RunResult>& results) {
    for (const RunResult& result : results) {
        const RunResult& first = results.front();
        std::string what;
        if (shell_status(result.exit) != shell_status(first.exit)) {
            what = fmt::format("the exit status is {} and {}", shell_status(first.exit),
                               shell_status(result.exit));
        }
        if (what.empty()) {
            what = first_difference("standard output", first.output, result.output);
        }
        if (what.empty()) {
            what = first_difference("standard error", first.error, result.error);
        }
        if (!what.empty()) {
            return fmt::format("the program behaves differently in '{}' and '{}' ({}): {}",
                               first.setup.label, result.setup.label, result.setup.cpu, what);
        }
    }
    return {};
}

const RunResult* baseline_of(const RunResult& result, const std::vector<RunResult>& results) {
    const auto found =
        std::find_if(results.begin(), results.end(), [&](const RunResult& candidate) {
            return candidate.setup.cpu == result.setup.cpu &&
                   candidate.setup.design == Design::Shared;
        });
    return found == results.end() ? nullptr : &*found;
}

}  // namespace ringfence::lab
