// SPDX-License-Identifier: MIT
#include "lab/experiment.h"

#include <CLI/CLI.hpp>

#include "lab/guest_programs.h"
#include "lab/parallel.h"
#include "lab/progress.h"
#include "lab/report/output_file.h"
#include "lab/supervise.h"

namespace ringfence::lab {

void add_experiment_options(CLI::App& app, ExperimentOptions& options) {
    add_cpu_options(app, options.cpus, CpuCount::Several);
    add_kernel_options(app, options.kernel);
    add_mode_option(app, options.mode);
    add_matrix_options(app, options.designs, options.json, options.jobs);
    add_common_options(app, options);
}

bool parse_experiment(CLI::App& app, const std::vector<std::string>& arguments) {
    std::vector<std::string> program;
    if (parse_arguments(app, arguments, program)) {
        return true;
    }
    if (!program.empty()) {
        fail(Failure::Usage, "'{}': this verb takes options only ('{} --help')", program.front(),
             app.get_name());
    }
    return false;
}

std::string pack_experiment(const std::string& name, const std::vector<std::string>& arguments,
                            const std::string& secret) {
    const std::string place = "/bin/" + name;
    pack::GuestRequest request;
    request.files = {guest_program_path(name) + "=" + place};
    request.command = {place};
    request.command.insert(request.command.end(), arguments.begin(), arguments.end());
    request.secret = secret;
    return pack::pack_guest(request).initramfs;
}

Experiment::Experiment(const ExperimentOptions& options)
    : options_(options),
      cpus_(select_cpus(options.cpus)),
      kernel_(options.kernel, options.kernel_image),
      backend_(kernel_.make_backend(machine::MachineKind::Builtin, cpus_)) {
    if (!options.json.empty()) {
        report::check_writable(options.json);
    }
}

machine::MachineRequest Experiment::request(const Setup& setup, const std::string& initramfs,
                                            const std::string& kaslr_seed) const {
    return {
        .kernel = kernel_.image(),
        .initramfs = initramfs,
        .command_line = kernel_command_line(
            setup.design, setup.pcid ? Pcid::Allowed : Pcid::Forbidden, kaslr_seed),
        .cpu = setup.cpu,
        .most_instructions = options_.most_instructions,
        .trace_file = {},
        .repeatable = true,
        .timed = options_.mode == Mode::Timed,
    };
}

CapturedRun Experiment::run(const Setup& setup, const std::string& initramfs,
                            const std::string& kaslr_seed) {
    return run_captured(*backend_, request(setup, initramfs, kaslr_seed), {}, stop_,
                        setup.label + " on " + setup.cpu);
}

std::optional<int> Experiment::run_all(usize count, const std::function<void(usize)>& job) {
    Progress progress(count, !options_.quiet);
    Watch watch{.timeout = {}, .tick = [&] { progress.show(); }};
    if (options_.timeout_seconds > 0) {
        watch.timeout = std::chrono::duration<double>(options_.timeout_seconds);
    }
    supervise(stop_, watch, [&] {
        run_parallel(count, options_.jobs, stop_, [&](usize i) {
            job(i);
            progress.advance();
        });
    });
    progress.clear();
    if (stop_.reason() == machine::StopReason::Timeout) {
        fail(Failure::Own, "not finished after {} seconds (--timeout)", options_.timeout_seconds);
    }
    if (stop_.requested()) {
        return stop_status(stop_.reason());
    }
    return std::nullopt;
}

}  // namespace ringfence::lab
