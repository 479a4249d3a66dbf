// SPDX-License-Identifier: MIT
// `ringfence prove`: does isolation hold, at every entry into user mode?
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/experiment.h"
#include "lab/message.h"
#include "lab/prove/manifest_file.h"
#include "lab/prove/monitor_watcher.h"
#include "lab/prove/watched_run.h"
#include "lab/report/output_file.h"
#include "lab/report/prove_report.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using prove::WatchedRun;

constexpr const char* examples = R"(
Watches the machine from outside while a program runs, or some that use every way into the kernel
if none is given, in the isolated design: at each entry into user mode, load of CR3, store to a page
table and fill of a TLB it puts the rules to the test that docs/proof.md explains. The manifest says
what user mode's tables may hold; another kernel's is given by --manifest.
Exit status: 0 if every rule holds, 2 if one does not, 3 if it cannot be told, 255 for an error.

Examples:
  ringfence prove
  ringfence prove --strict -- /bin/busybox sh -c 'ls | wc'
  ringfence prove --design shared -- /bin/busybox true    # does not hold: says what is mapped
)";

struct ProveOptions {
    ExperimentOptions common;
    pack::GuestRequest guest;
    std::string manifest;
    bool strict = false;
    bool print = false;
    bool inject = false;
    bool mutate = false;
    std::vector<std::string> mutations;  ///< by name; empty: all
    usize most_injections = ~usize{0};
};

/// A program to watch.
struct Program {
    std::string name;
    std::string initramfs;
    prove::Monitor::Scope scope = prove::Monitor::Scope::AllPrograms;
};

bool parse(const std::vector<std::string>& arguments, ProveOptions& options) {
    CLI::App app("Put the rules of page-table isolation to the test.", "ringfence prove");
    set_usage(app, " [-- PROGRAM [ARGUMENTS]]");
    options.common.mode = Mode::Fast;
    options.common.designs = {Design::Isolated};
    add_cpu_options(app, options.common.cpus, CpuCount::Several);
    add_mode_option(app, options.common.mode);
    add_matrix_options(app, options.common.designs, options.common.json, options.common.jobs);
    add_common_options(app, options.common);
    app.add_option("--file", options.guest.files, "another file for the guest: FILE, or HOST=GUEST")
        ->allow_extra_args(false)
        ->option_text("FILE");
    prove::add_manifest_option(app, options.manifest);
    app.add_flag("--strict", options.strict,
                 "walk the tables again on every TLB hit, and report stale ones; slow");
    app.add_flag("--inject", options.inject,
                 "instead, let a timer interrupt, NMI, machine check, debug trap and page fault "
                 "come before each instruction of the ways into the kernel and out of it");
    app.add_option("--most", options.most_injections,
                   "with --inject: at most so many runs for each kind of event")
        ->check(CLI::Range(1, 1'000'000'000))
        ->option_text("N");
    app.add_flag("--mutations", options.mutate,
                 "instead, put bugs that kernels have had into ours, and see whether they are "
                 "noticed");
    app.add_option("--mutation", options.mutations, "with --mutations: these only")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("NAME,..");
    app.add_flag("--print", options.print, "print the built-in manifest and do nothing else");
    app.footer(examples);
    if (parse_arguments(app, arguments, options.guest.command)) {
        return true;
    }
    if (options.inject && app.count("--design") == 0) {
        options.common.designs = {Design::Isolated, Design::Shared};
    }
    if (options.mutate &&
        (options.inject || !options.guest.command.empty() || !options.manifest.empty())) {
        fail(Failure::Usage,
             "--mutations has programs and a manifest of its own, and goes without --inject");
    }
    if (!options.mutations.empty() && !options.mutate) {
        fail(Failure::Usage, "--mutation says which, and --mutations is missing");
    }
    return false;
}

std::string joined(const std::vector<std::string>& command) {
    constexpr usize longest = 40;
    std::string text = fmt::format("{}", fmt::join(command, " "));
    std::ranges::replace(text, '\n', ' ');
    return text.size() <= longest ? text : text.substr(0, longest - 3) + "...";
}

/// The user's program, or ours that between them use every way into the kernel and out of it.
std::vector<Program> programs_of(const ProveOptions& options) {
    std::vector<Program> programs;
    if (!options.guest.command.empty()) {
        programs.push_back(
            {joined(options.guest.command), pack::pack_guest(options.guest).initramfs});
        return programs;
    }
    pack::GuestRequest shell;
    shell.command = {
        "/bin/busybox", "sh", "-c",
        "for i in 1 2 3 4; do (echo $i | gzip -c | gunzip -c | md5sum) & done; wait; "
        "cat /proc/self/maps | wc -l; ls -R / | sort | tail -n 1; cat /proc/self/isolation"};
    programs.push_back({"a shell with pipes and children", pack::pack_guest(shell).initramfs});
    for (const char* const name : {"signals", "memory", "processes"}) {
        programs.push_back({name, pack_experiment(name, {}, {})});
    }
    programs.push_back({"changes of design", pack_experiment("isolation_modes", {}, {}),
                        prove::Monitor::Scope::IsolatedPrograms});
    return programs;
}

std::vector<prove::Mutation> chosen_mutations(const std::vector<std::string>& names) {
    std::vector<prove::Mutation> all = prove::built_in_mutations();
    if (names.empty()) {
        return all;
    }
    std::map<std::string, prove::Mutation> by_name;
    for (prove::Mutation& mutation : all) {
        by_name.emplace(mutation.name, std::move(mutation));
    }
    std::vector<prove::Mutation> chosen;
    for (const std::string& name : names) {
        chosen.push_back(choose("--mutation", name, by_name));
    }
    return chosen;
}

/// What a verb's part did: its exit status if a signal ended it.
using Stopped = std::optional<int>;

Stopped watch_programs(const ProveOptions& options, Experiment& experiment,
                       const audit::Manifest& manifest, prove::Proof& proof) {
    const std::vector<Program> programs = programs_of(options);
    const std::vector<Setup> matrix = experiment.matrix();
    proof.runs.resize(programs.size() * matrix.size());
    return experiment.run_all(proof.runs.size(), [&](usize i) {
        const Program& program = programs[i / matrix.size()];
        const Setup& setup = matrix[i % matrix.size()];
        machine::MachineRequest request = experiment.request(setup, program.initramfs);
        request.strict_tlb = options.strict;
        proof.runs[i] = prove::run_watched(experiment.backend(), request, manifest, program.scope,
                                           setup, program.name, experiment.stop());
    });
}

/// The user's program, or one of ours that uses each way once.
Stopped inject_events(const ProveOptions& options, Experiment& experiment,
                      const audit::Manifest& manifest, prove::Proof& proof) {
    const bool own = options.guest.command.empty();
    const std::string initramfs =
        own ? pack_experiment("crossings", {}, {}) : pack::pack_guest(options.guest).initramfs;
    const std::string name = own ? "crossings" : joined(options.guest.command);
    const machine::KernelImage& kernel = *experiment.kernel().image();
    const auto scope =
        own ? prove::Monitor::Scope::IsolatedPrograms : prove::Monitor::Scope::AllPrograms;
    for (const Setup& setup : experiment.matrix()) {
        const bool isolated = setup.design == Design::Isolated;
        prove::InjectionPlan plan{.cpu = experiment.cpus().model(setup.cpu),
                                  .kernel = kernel,
                                  .initramfs = initramfs,
                                  .command_line = kernel_command_line(
                                      setup.design, setup.pcid ? Pcid::Allowed : Pcid::Forbidden),
                                  .most_runs = options.most_injections,
                                  .jobs = options.common.jobs,
                                  .stop = experiment.stop()};
        if (isolated) {
            plan.make_watcher = [&] {
                return std::make_unique<prove::MonitorWatcher>(manifest, kernel.symbols(), scope);
            };
        }
        prove::InjectedRun run{.setup = setup, .program = name, .result = {}};
        const Stopped stopped =
            experiment.run_all(1, [&](usize) { run.result = prove::inject(plan); });
        if (stopped) {
            return stopped;
        }
        proof.injected.push_back(std::move(run));
    }
    return std::nullopt;
}

Stopped run_mutations(const std::vector<prove::Mutation>& mutations, Experiment& experiment,
                      prove::Proof& proof) {
    const auto mutants =
        machine::KernelImage::load(experiment.kernel().image()->path() + "-mutants");
    const audit::Manifest manifest = prove::built_in_manifest_of(mutants);
    const prove::MutationBench bench{mutants, manifest, experiment.stop()};
    proof.mutations.resize(mutations.size());
    return experiment.run_all(mutations.size(), [&](usize i) {
        proof.mutations[i] = prove::run_mutation(bench, mutations[i]);
    });
}

}  // namespace

int prove_verb(const std::vector<std::string>& arguments) {
    ProveOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    if (options.print) {
        report::write_file("-", prove::built_in_manifest());
        return 0;
    }
    Experiment experiment(options.common);
    const audit::Manifest manifest =
        prove::chosen_manifest(options.manifest, *experiment.kernel().image());
    const std::vector<prove::Mutation> mutations =
        options.mutate ? chosen_mutations(options.mutations) : std::vector<prove::Mutation>{};
    prove::Proof proof;  // refers to the mutations
    proof.manifest = manifest.name;
    const Stopped stopped = options.mutate   ? run_mutations(mutations, experiment, proof)
                            : options.inject ? inject_events(options, experiment, manifest, proof)
                                             : watch_programs(options, experiment, manifest, proof);
    if (stopped) {
        return *stopped;
    }
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::prove_json(experiment.kernel().bytes(), proof));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::prove_table(proof));
    }
    return prove::exit_status(proof);
}

}  // namespace ringfence::lab
