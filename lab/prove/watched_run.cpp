// SPDX-License-Identifier: MIT
#include "lab/prove/watched_run.h"

#include <optional>

#include "lab/captured_run.h"
#include "lab/error.h"
#include "lab/prove/status_check.h"
#include "lab/symbols/readable_names.h"

namespace ringfence::lab::prove {

namespace {

struct Watched {
    WatchedRun run;
    std::vector<Violation> violations;
};

/// What the kernel said of itself at the end, if it said it of what was watched.
void check_status(const CapturedRun& run, const Monitor& monitor, Watched& result) {
    if (monitor.entries_passed_over() != 0) {
        return;
    }
    ++result.run.checks[static_cast<usize>(audit::Rule::TruthfulStatus)];
    for (const std::string& lie : lies_of(run.report, run.output, monitor)) {
        Violation violation;
        violation.finding = {.rule = audit::Rule::TruthfulStatus, .what = lie};
        violation.when = result.run.instructions;
        result.violations.push_back(std::move(violation));
        ++result.run.violation_count;
    }
}

Watched watch_once(machine::MachineBackend& backend, machine::MachineRequest& request,
                   Monitor& monitor, machine::StopRequest& stop) {
    Watched result;
    std::optional<CapturedRun> finished;
    request.spectator = &monitor;
    try {
        const CapturedRun run = run_captured(backend, request, {}, stop, "the run");
        if (run.outcome.counters) {
            result.run.instructions = run.outcome.counters->total_instructions() +
                                      run.outcome.boot_instructions.value_or(0);
        }
        finished = run;
    } catch (const LabError& error) {
        const std::string_view message = error.what();
        result.run.problem = message.substr(0, message.find('\n'));
    }
    result.run.user_entries = monitor.user_entries();
    result.run.entries_passed_over = monitor.entries_passed_over();
    result.run.checks = monitor.checks();
    result.run.violation_count = monitor.violation_count();
    result.violations = monitor.violations();
    if (finished && !finished->stopped) {
        check_status(*finished, monitor, result);
    }
    return result;
}

}  // namespace

std::vector<NamedViolation> name_all(const std::vector<Violation>& violations,
                                     const sim::observe::SymbolTable& symbols) {
    std::vector<NamedViolation> named;
    const auto name = [&](VirtualAddress address) {
        return address.value() == 0 ? std::string{} : symbols::name_of(address, symbols);
    };
    for (const Violation& violation : violations) {
        named.push_back({violation, name(violation.finding.address), name(violation.instruction)});
    }
    return named;
}

WatchedRun run_watched(machine::MachineBackend& backend, machine::MachineRequest request,
                       const audit::Manifest& manifest, Monitor::Scope scope, const Setup& setup,
                       const std::string& program, machine::StopRequest& stop) {
    Monitor monitor(manifest, Monitor::Precision::Block, scope);
    Watched watched = watch_once(backend, request, monitor, stop);
    WatchedRun run = std::move(watched.run);
    if (!watched.violations.empty() && !stop.requested()) {
        Monitor closer(manifest, Monitor::Precision::Instruction, scope);
        Watched again = watch_once(backend, request, closer, stop);
        if (again.violations.size() >= watched.violations.size()) {
            watched.violations = std::move(again.violations);
        }
    }
    run.setup = setup;
    run.program = program;
    run.strict = request.strict_tlb;
    run.violations = name_all(watched.violations, request.kernel->symbols());
    return run;
}

}  // namespace ringfence::lab::prove
