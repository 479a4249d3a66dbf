// SPDX-License-Identifier: MIT
#include "lab/boot/conclusion.h"

#include <fmt/format.h>

#include "lab/boot/linux_options.h"
#include "lab/error.h"
#include "lab/message.h"
#include "lab/report/boot_json.h"
#include "lab/report/output_file.h"
#include "lab/supervise.h"

namespace ringfence::lab::boot {

namespace {

void say_shortcomings(const BootResult& result) {
    for (const auto& row : result.unimplemented) {
        say("the machine has no instruction '{}' ({}, {} code at {:#x}): it raised #UD {} time{}",
            row.instruction, row.bytes, row.user ? "user" : "kernel", row.first_rip.value(),
            row.count, row.count == 1 ? "" : "s");
    }
}

void show_last(const BootResult& result) {
    if (!result.last.empty()) {
        say("{}:", !result.failed.is_end  ? "the last instructions before the panic"
                   : result.stuck.empty() ? "the last instructions"
                                          : "what it runs");
    }
    for (const std::string& line : result.last) {
        fmt::print(stderr, "  {}\n", line);
    }
}

}  // namespace

void name_place(BootResult& result, const BootRequest& request) {
    using Reason = sim::machine::MachineEnd::Reason;
    const Reason reason = result.end.reason;
    if (result.saved || reason == Reason::DebugExit || reason == Reason::PowerOff) {
        return;
    }
    if (const auto hit = request.symbols().find(result.end.rip)) {
        result.end.detail =
            fmt::format("in {}+{:#x}, {}", hit->name, hit->offset, result.end.detail);
    }
}

int conclude_stopped(const Options& options, const machine::StopRequest& stop,
                     const machine::HostStreams& streams) {
    if (stop.reason() == machine::StopReason::OutputFailed) {
        fail(Failure::Own, "{}", streams.problem());
    }
    if (stop.reason() == machine::StopReason::Timeout && !options.quiet) {
        say("stopped after {} seconds (--timeout)", options.timeout_seconds);
    }
    return stop_status(stop.reason());
}

Verdict judge(const Options& options, const BootRequest& request, const BootResult& result) {
    if (result.saved) {
        return saved_verdict(request.save->file);
    }
    if (!result.stuck.empty()) {
        return judge_stuck(result.end, result.console, result.stuck);
    }
    const auto own_convention = request.own_root ? ExitConvention::Guest : ExitConvention::Qemu;
    return judge(result.end, result.console,
                 {.convention = options.convention.value_or(own_convention),
                  .panics_by_warm_reset = panics_by_warm_reset(request.command_line)});
}

int conclude(const Options& options, const BootRequest& request, const BootResult& result,
             const Verdict& verdict, const std::vector<std::string>& what_if) {
    if (!options.quiet) {
        say_shortcomings(result);
    }
    if (!verdict.message.empty() && (verdict.is_failure || !options.quiet)) {
        say("{}", verdict.message);
    }
    if (verdict.is_failure && !options.quiet) {
        show_last(result);
    }
    const bool is_reached = result.end.reason == sim::machine::MachineEnd::Reason::Paused;
    if (!options.until.empty() && !is_reached && !options.quiet) {
        say("--until: not reached");
    }
    if (options.verbose) {
        say("{} after {} instructions", verdict.reason, result.counters.total_instructions());
    }
    if (!options.json.empty()) {
        report::write_file(options.json, report::boot_json({request, result, verdict, what_if}));
    }
    if (request.save && !result.saved) {
        fail(Failure::Own, "{}: not written: the run ended before it came to where to save",
             request.save->file);
    }
    return verdict.exit_status;
}

}  // namespace ringfence::lab::boot
