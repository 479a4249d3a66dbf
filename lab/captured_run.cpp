// SPDX-License-Identifier: MIT
#include "lab/captured_run.h"

#include "lab/error.h"

namespace ringfence::lab {

namespace {

/// Fails with what went wrong in a run that gave no result.
[[noreturn]] void fail_run(const std::string& label, const std::string& problem,
                           const std::string& kernel_log) {
    std::string tail = log_tail(kernel_log);
    if (!tail.empty()) {
        tail.pop_back();
        tail.insert(0, "\n");
    }
    fail(Failure::Own, "{}: {}{}", label, problem, tail);
}

}  // namespace

CapturedRun run_captured(machine::MachineBackend& backend, const machine::MachineRequest& request,
                         std::string_view input, machine::StopRequest& stop,
                         const std::string& label) {
    machine::CapturedStreams streams(input);
    machine::GuestSession session(streams);
    CapturedRun run{.outcome = backend.run(request, session, stop), .report = session.report()};
    if (run.outcome.end == machine::MachineEnd::Stopped && run.report.protocol_error.empty()) {
        run.stopped = true;
        return run;
    }
    const std::string problem = machine_problem(run.outcome, run.report);
    if (!problem.empty()) {
        fail_run(label, problem, run.report.kernel_log);
    }
    if (run.outcome.end == machine::MachineEnd::InstructionLimit) {
        fail_run(label,
                 fmt::format("not finished after {} instructions (--max-instructions)",
                             request.most_instructions),
                 {});
    }
    if (!run.report.start_failure.empty()) {
        fail_run(label, run.report.start_failure, {});
    }
    run.output = std::move(streams.output);
    run.error = std::move(streams.error);
    return run;
}

}  // namespace ringfence::lab
