// SPDX-License-Identifier: MIT
// `ringfence compare`: the same program in each design, and what each design cost.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <thread>

#include "lab/captured_run.h"
#include "lab/command_line.h"
#include "lab/comparison.h"
#include "lab/cpu_selection.h"
#include "lab/guest_kernel.h"
#include "lab/guest_memory.h"
#include "lab/message.h"
#include "lab/parallel.h"
#include "lab/progress.h"
#include "lab/prove/manifest_file.h"
#include "lab/prove/watched_run.h"
#include "lab/report/compare_json.h"
#include "lab/report/compare_table.h"
#include "lab/report/numbers.h"
#include "lab/report/output_file.h"
#include "lab/report/prove_report.h"
#include "lab/report/sha256.h"
#include "lab/standard_input.h"
#include "lab/supervise.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

constexpr const char* examples = R"(
Runs PROGRAM in the shared design, in the isolated one, and in the isolated one without PCID,
with the same files and the same standard input. Counts begin at the first user instruction.
Exit status: 0, or 255 for an error, among them a program that behaves differently.

Examples:
  ringfence compare --file script.sh -- /bin/busybox sh /script.sh
  ringfence compare --cpu skylake-sp,nehalem --json costs.json -- ./server-benchmark
  ringfence compare --what-if root-write=0 -- /bin/busybox md5sum /bin/busybox
)";

struct CompareOptions {
    GuestOptions common;
    CpuOptions cpus;
    KernelOptions kernel;
    std::vector<Design> designs = {Design::Shared, Design::Isolated};
    std::string json;
    Mode mode = Mode::Timed;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    bool monitor = false;
};

bool parse(const std::vector<std::string>& arguments, CompareOptions& options) {
    CLI::App app("Measure what page-table isolation costs a Linux program.", "ringfence compare");
    set_usage(app);
    add_cpu_options(app, options.cpus, CpuCount::Several);
    add_kernel_options(app, options.kernel);
    add_guest_options(app, options.common);
    add_mode_option(app, options.mode);
    add_matrix_options(app, options.designs, options.json, options.jobs);
    app.add_flag("--monitor", options.monitor,
                 "watch the rules of isolation in the isolated runs; one that does not hold is an "
                 "error");
    app.footer(examples);
    if (parse_arguments(app, arguments, options.common.guest.command)) {
        return true;
    }
    if (options.common.guest.command.empty()) {
        fail(Failure::Usage, "no program is given; 'ringfence compare --help' has examples");
    }
    if (options.monitor && (options.common.machine == machine::MachineKind::Qemu ||
                            !options.kernel.linux_file.empty())) {
        fail(Failure::Usage,
             "--monitor: of the built-in machine and kernel only; 'ringfence boot --monitor' "
             "watches a Linux");
    }
    return false;
}

/// What all runs share.
struct Experiment {
    const CompareOptions& options;
    const GuestKernel& kernel;
    const std::string& initramfs;
    u64 memory_mib;
    const std::string& input;
    machine::MachineBackend& backend;
    machine::StopRequest& stop;
};

/// Throws Failure::Own for a rule that did not hold.
void judge(const prove::Monitor& monitor, const Experiment& experiment, const Setup& setup) {
    if (monitor.violation_count() != 0) {
        fail(Failure::Own, "{} on {}: isolation does not hold\n{}", setup.label, setup.cpu,
             report::violations_text(
                 prove::name_all(monitor.violations(), experiment.kernel.image()->symbols())));
    }
}

RunResult run_one(const Experiment& experiment, const Setup& setup) {
    machine::MachineRequest request{
        .kernel = experiment.kernel.image(),
        .initramfs = experiment.initramfs,
        .command_line =
            kernel_command_line(setup.design, setup.pcid ? Pcid::Allowed : Pcid::Forbidden),
        .cpu = setup.cpu,
        .memory_mib = experiment.memory_mib,
        .most_instructions = experiment.options.common.most_instructions,
        .trace_file = {},
        .repeatable = true,
        .timed = experiment.options.mode == Mode::Timed &&
                 experiment.options.common.machine == machine::MachineKind::Builtin,
    };
    audit::Manifest manifest;
    prove::Monitor monitor(manifest);
    const bool watched = experiment.options.monitor && setup.design == Design::Isolated;
    if (watched) {
        manifest = prove::built_in_manifest_of(*experiment.kernel.image());
        request.spectator = &monitor;
    }
    auto run = run_captured(experiment.backend, request, experiment.input, experiment.stop,
                            setup.label + " on " + setup.cpu);
    judge(monitor, experiment, setup);
    if (run.stopped) {
        RunResult stopped;
        stopped.setup = setup;
        return stopped;
    }
    RunResult result = result_of(setup, std::move(run));
    if (watched) {
        result.entries_watched = monitor.user_entries();
    }
    return result;
}

/// Runs the whole matrix.
std::vector<RunResult> run_matrix(const Experiment& experiment, const std::vector<Setup>& matrix,
                                  Progress& progress) {
    std::vector<RunResult> results(matrix.size());
    run_parallel(matrix.size(), experiment.options.jobs, experiment.stop, [&](usize i) {
        results[i] = run_one(experiment, matrix[i]);
        progress.advance();
    });
    return results;
}

bool wants_colour() {
    const char* no_color = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

void print_summary(const CompareOptions& options, const std::vector<RunResult>& results) {
    const RunResult& first = results.front();
    std::string text = fmt::format(
        "{}\nexit status {}, {} bytes on standard output (sha256 {:.12}...), {} on "
        "standard error; the same in every run\n\n{}",
        fmt::join(options.common.guest.command, " "), shell_status(first.exit),
        report::grouped(first.output.size()), report::sha256(first.output),
        report::grouped(first.error.size()),
        report::compare_table(results,
                              wants_colour() ? report::Style::Terminal : report::Style::Plain));
    if (!options.cpus.what_if.empty()) {
        text += fmt::format("\nWhat if: {}\n", fmt::join(options.cpus.what_if, ", "));
    }
    if (first.boot_instructions) {
        text += fmt::format(
            "\nCounts begin at the first user instruction; booting took {} before "
            "it.\n",
            report::grouped(*first.boot_instructions));
    }
    for (const RunResult& result : results) {
        if (result.entries_watched) {
            text += fmt::format(
                "\n{} on {}: every rule of isolation held at {} entries into user mode.\n",
                result.setup.label, result.setup.cpu, report::grouped(*result.entries_watched));
        }
    }
    report::write_file("-", text);
}

void print_shortcomings(const std::vector<RunResult>& results) {
    for (const RunResult& result : results) {
        for (const std::string& line : result.shortcomings) {
            say("{} on {}: {}", result.setup.label, result.setup.cpu, line);
        }
    }
}

}  // namespace

int compare(const std::vector<std::string>& arguments) {
    CompareOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    const CpuSelection selection = select_cpus(options.cpus);
    const GuestKernel kernel(options.kernel, options.common.kernel_image);
    const auto backend = kernel.make_backend(options.common.machine, selection);
    const auto matrix = make_matrix(selection.names(), options.designs, *backend);
    if (!options.json.empty()) {
        report::check_writable(options.json);
    }
    const auto guest = pack::pack_guest(options.common.guest);
    for (const std::string& note : guest.notes) {
        if (!options.common.quiet) {
            say("{}", note);
        }
    }
    const std::string input = read_standard_input();

    machine::StopRequest stop;
    const u64 memory_mib = guest_memory_mib(
        options.common.memory_mib, guest.initramfs.size(),
        kernel.image() == nullptr ? FilesInMemory::Copied : FilesInMemory::InPlace);
    const Experiment experiment{options,  kernel, guest.initramfs, memory_mib, input,
                                *backend, stop};
    std::vector<RunResult> results;
    Progress progress(matrix.size(), !options.common.quiet);
    Watch watch{.timeout = {}, .tick = [&] { progress.show(); }};
    if (options.common.timeout_seconds > 0) {
        watch.timeout = std::chrono::duration<double>(options.common.timeout_seconds);
    }
    supervise(stop, watch, [&] { results = run_matrix(experiment, matrix, progress); });
    progress.clear();
    if (stop.reason() == machine::StopReason::Timeout) {
        fail(Failure::Own, "not finished after {} seconds (--timeout)",
             options.common.timeout_seconds);
    }
    if (stop.requested()) {
        return stop_status(stop.reason());
    }
    const std::string disagreement = find_disagreement(results);
    if (!disagreement.empty()) {
        fail(Failure::Own, "{}", disagreement);
    }
    if (!options.common.quiet) {
        print_shortcomings(results);
    }
    if (!options.json.empty()) {
        report::write_file(
            options.json,
            report::compare_json(
                {.program = options.common.guest.command,
                 .machine =
                     options.common.machine == machine::MachineKind::Qemu ? "qemu" : "builtin",
                 .initramfs = guest.initramfs,
                 .kernel = kernel.bytes(),
                 .what_if = selection.what_if(),
                 .standard_input = input},
                results));
    }
    if (options.json != "-") {
        print_summary(options, results);
    }
    return 0;
}

}  // namespace ringfence::lab
