// SPDX-License-Identifier: MIT
// `ringfence compare`: the same program in each design, and what each design cost.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include "lab/command_line.h"
#include "lab/comparison.h"
#include "lab/message.h"
#include "lab/report/compare_json.h"
#include "lab/report/compare_table.h"
#include "lab/report/output_file.h"
#include "lab/report/sha256.h"
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
)";

struct CompareOptions {
    GuestOptions common;
    std::vector<std::string> cpus = {"skylake-sp"};
    std::vector<Design> designs = {Design::Shared, Design::Isolated};
    std::string json;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

bool parse(const std::vector<std::string>& arguments, CompareOptions& options) {
    CLI::App app("Measure what page-table isolation costs a Linux program.", "ringfence compare");
    set_usage(app);
    app.add_option("--cpu", options.cpus, "processors, separated by commas (default skylake-sp)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("CPU,..");
    std::vector<std::string> designs;
    app.add_option("--design", designs, "shared, isolated, or both (default)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("DESIGN,..");
    add_guest_options(app, options.common);
    app.add_option("--json", options.json, "write the results as JSON, - for standard output")
        ->option_text("FILE|-");
    app.add_option("--jobs", options.jobs, "runs at a time (default: one per host processor)")
        ->check(CLI::PositiveNumber.description(""))
        ->option_text("N");
    app.footer(examples);
    if (parse_arguments(app, arguments, options.common.guest.command)) {
        return true;
    }
    if (options.common.guest.command.empty()) {
        fail(Failure::Usage, "no program is given; 'ringfence compare --help' has examples");
    }
    if (!designs.empty()) {
        options.designs.clear();
        for (const std::string& name : designs) {
            options.designs.push_back(choose<Design>(
                "--design", name, {{"shared", Design::Shared}, {"isolated", Design::Isolated}}));
        }
    }
    return false;
}

/// Everything on standard input, unless a person is at it.
std::string read_standard_input() {
    constexpr usize step = 1 << 16;
    std::string bytes;
    while (isatty(STDIN_FILENO) == 0) {
        const usize before = bytes.size();
        bytes.resize(before + step);
        const ssize_t got = read(STDIN_FILENO, bytes.data() + before, step);
        bytes.resize(before + static_cast<usize>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && errno == EBADF)) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            fail(Failure::Own, "standard input: {}", std::strerror(errno));
        }
    }
    return bytes;
}

/// A line on standard error that says how far the work is; nothing unless a person sees it.
class Progress {
public:
    Progress(usize total, bool wanted)
        : total_(total), shown_(wanted && isatty(STDERR_FILENO) != 0) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    void show(usize done) {
        if (shown_) {
            fmt::print(stderr, "\r{} of {} runs done ", done, total_);
            std::fflush(stderr);
        }
    }
    void clear() {
        if (shown_) {
            std::fputs("\r\033[K", stderr);
        }
    }

private:
    usize total_;
    bool shown_;
};

/// What all runs share.
struct Experiment {
    const CompareOptions& options;
    const machine::KernelImage& kernel;
    const std::string& initramfs;
    const std::string& input;
    machine::MachineBackend& backend;
    machine::StopRequest& stop;
};

/// Fails with what went wrong in a run that gave no result.
[[noreturn]] void fail_run(const Setup& setup, const std::string& problem,
                           const std::string& kernel_log) {
    std::string tail = log_tail(kernel_log);
    if (!tail.empty()) {
        tail.pop_back();
        tail.insert(0, "\n");
    }
    fail(Failure::Own, "{} on {}: {}{}", setup.label, setup.cpu, problem, tail);
}

RunResult run_one(const Experiment& experiment, const Setup& setup) {
    machine::CapturedStreams streams(experiment.input);
    machine::GuestSession session(streams);
    const machine::MachineRequest request{
        .kernel = experiment.kernel,
        .initramfs = experiment.initramfs,
        .command_line =
            kernel_command_line(setup.design, setup.pcid ? Pcid::Allowed : Pcid::Forbidden),
        .cpu = setup.cpu,
        .memory_mib = experiment.options.common.memory_mib,
        .most_instructions = experiment.options.common.most_instructions,
        .trace_file = {},
        .repeatable = true,
    };
    const auto outcome = experiment.backend.run(request, session, experiment.stop);
    const machine::GuestReport& report = session.report();
    if (outcome.end == machine::MachineEnd::Stopped && report.protocol_error.empty()) {
        RunResult stopped;
        stopped.setup = setup;
        return stopped;
    }
    const std::string problem = machine_problem(outcome, report);
    if (!problem.empty()) {
        fail_run(setup, problem, report.kernel_log);
    }
    if (outcome.end == machine::MachineEnd::InstructionLimit) {
        fail_run(setup,
                 fmt::format("not finished after {} instructions (--max-instructions)",
                             experiment.options.common.most_instructions),
                 {});
    }
    if (!report.start_failure.empty()) {
        fail_run(setup, report.start_failure, {});
    }
    return RunResult{.setup = setup,
                     .exit = *report.exit,
                     .output = std::move(streams.output),
                     .error = std::move(streams.error),
                     .metrics = collect_metrics(outcome, report),
                     .boot_instructions = outcome.boot_instructions,
                     .shortcomings = shortcomings(outcome, report)};
}

/// Runs the whole matrix, `jobs` at a time. The first failure stops the others.
std::vector<RunResult> run_matrix(const Experiment& experiment, const std::vector<Setup>& matrix,
                                  machine::StopRequest& stop, std::atomic<usize>& done) {
    std::vector<RunResult> results(matrix.size());
    std::atomic<usize> next = 0;
    std::mutex mutex;
    std::exception_ptr first_error;
    const auto work = [&] {
        for (usize i = next++; i < matrix.size() && !stop.requested(); i = next++) {
            try {
                results[i] = run_one(experiment, matrix[i]);
                ++done;
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!first_error) {
                    first_error = std::current_exception();
                }
                stop.request(machine::StopReason::AnotherFailed);
            }
        }
    };
    std::vector<std::thread> threads;
    const usize count = std::min<usize>(experiment.options.jobs, matrix.size());
    for (usize i = 0; i < count; ++i) {
        threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    if (first_error) {
        std::rethrow_exception(first_error);
    }
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
    if (first.boot_instructions) {
        text += fmt::format(
            "\nCounts begin at the first user instruction; booting took {} before "
            "it.\n",
            report::grouped(*first.boot_instructions));
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
    const auto backend = make_backend(options.common.machine);
    const auto matrix = make_matrix(options.cpus, options.designs, *backend);
    if (!options.json.empty()) {
        report::check_writable(options.json);
    }
    const auto kernel = machine::KernelImage::load(options.common.kernel_image);
    const auto guest = pack::pack_guest(options.common.guest);
    for (const std::string& note : guest.notes) {
        if (!options.common.quiet) {
            say("{}", note);
        }
    }
    const std::string input = read_standard_input();

    machine::StopRequest stop;
    const Experiment experiment{options, kernel, guest.initramfs, input, *backend, stop};
    std::vector<RunResult> results;
    std::atomic<usize> done = 0;
    Progress progress(matrix.size(), !options.common.quiet);
    Watch watch{.timeout = {}, .tick = [&] { progress.show(done); }};
    if (options.common.timeout_seconds > 0) {
        watch.timeout = std::chrono::duration<double>(options.common.timeout_seconds);
    }
    supervise(stop, watch, [&] { results = run_matrix(experiment, matrix, stop, done); });
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
                 .standard_input = input},
                results));
    }
    if (options.json != "-") {
        print_summary(options, results);
    }
    return 0;
}

}  // namespace ringfence::lab
