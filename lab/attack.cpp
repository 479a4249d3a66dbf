// SPDX-License-Identifier: MIT
// `ringfence attack`: can user mode read the kernel?
#include <CLI/CLI.hpp>

#include "arch/x86/cpuid.h"
#include "lab/attack/attack_run.h"
#include "lab/attack/secret.h"
#include "lab/error.h"
#include "lab/experiment.h"
#include "lab/guest_programs.h"
#include "lab/machine/bytes.h"
#include "lab/message.h"
#include "lab/pack/host_files.h"
#include "lab/report/attack_report.h"
#include "lab/report/explanation.h"
#include "lab/report/output_file.h"
#include "lab/report/relational_report.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using attack::AttackRun;
using attack::Method;

constexpr const char* examples = R"(
The kernel keeps random bytes in its own memory. A program in user mode tries to read them by
Meltdown; first it reads bytes of its own by the same code, as its control. The verdict is
  leaks       it read them
  mitigated   it did not, but does on this processor without isolation
  immune      it does not on this processor, with isolation or without
  broken      it cannot be told: the control failed
With --relational each attack also runs twice, with two secrets, and all that user mode could find
out by time is compared, whatever the attack makes of it. The verdict on that is
  equal       both runs are the same: nothing depends on the secret
  differs     they are not; the first difference is named
  broken      it cannot be told: not even memory that the attacker may read makes a difference
Exit status: 0 if isolation holds, 2 for a leak in the isolated design or in the only design asked
for, 3 if it cannot be told, 255 for an error. With --relational a difference counts, not a leak.

Examples:
  ringfence attack
  ringfence attack --cpu skylake-sp,cascadelake,zen2 --bytes 256 --json attack.json
  ringfence attack --bitwise --method signal,tsx
  ringfence attack --probe prefetch,echo --kaslr 42
  ringfence attack --design isolated --method signal --quiet && echo isolated
  ringfence attack --relational --bytes 16
  ringfence attack --explain --method tsx --bytes 16 --trace-events leak.json
)";

// Fewer would leave chance and a leak too close to each other; more do not fit the kernel's page.
constexpr u64 least_bytes = 16;
constexpr u64 most_bytes = 4096;
constexpr u64 most_attempts = 10000;

struct AttackOptions {
    ExperimentOptions common;
    std::vector<Method> methods;  ///< none: all that a processor can run
    u64 bytes = 64;
    u64 attempts = 12;
    u64 seed = 1;
    bool touch = false;
    bool bitwise = false;
    std::vector<std::string> without;  ///< ingredients of the attack that are left out
    std::vector<std::string> probes;   ///< if any, they are run and nothing is read
    std::string kaslr_seed;            ///< with probes; empty: the kernel does not move
    bool relational = false;
    std::string explain;       ///< where the timeline goes; empty: nowhere
    std::string trace_events;  ///< the same of the trace

    [[nodiscard]] bool examines() const { return relational || !explain.empty(); }
};

/// What an examination of two runs cannot do.
void check_examination(const AttackOptions& options) {
    if (!options.examines()) {
        return;
    }
    const char* const option = options.explain.empty() ? "--relational" : "--explain";
    const auto refuse = [&](bool given, const char* other, const char* why) {
        if (given) {
            fail(Failure::Usage, "{} does not go with {}: {}", option, other, why);
        }
    };
    refuse(!options.probes.empty(), "--probe", "a probe reads nothing");
    refuse(options.common.mode == Mode::Fast, "--mode fast",
           "an engine without caches has nothing to compare");
    refuse(!options.common.kernel.linux_file.empty(), "--kernel",
           "it is Ringfence's own kernel that says where its secret is");
    refuse(options.touch, "--touch",
           "the kernel would tell everyone that its secret has been changed");
    refuse(options.explain == "-" && options.common.json == "-", "--json -",
           "both would go to standard output");
}

bool parse(const std::vector<std::string>& arguments, AttackOptions& options) {
    CLI::App app("Find out whether a user program can read the kernel's memory.",
                 "ringfence attack");
    set_usage(app, "");
    std::vector<std::string> methods;
    add_experiment_options(app, options.common);
    app.add_option(
           "--method", methods,
           "signal, mispredict, tsx (default: all; tsx where the processor has transactions)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("METHOD,..");
    app.add_option("--bytes", options.bytes, "length of the secret (default 64)")
        ->check(CLI::Range(least_bytes, most_bytes).description(""))
        ->option_text("N");
    app.add_option("--attempts", options.attempts,
                   "most attempts at each byte, or bit (default 12)")
        ->check(CLI::Range(u64{1}, most_attempts).description(""))
        ->option_text("N");
    app.add_option("--seed", options.seed, "decides the secret (default 1)")->option_text("S");
    app.add_flag("--touch", options.touch, "have the kernel use its secret before each byte");
    app.add_flag("--bitwise", options.bitwise,
                 "send one bit in each attempt, as published attacks do, and not the whole byte");
    app.add_option("--without", options.without,
                   "leave out what the attack needs: flush (the channel is not cleared), race (the "
                   "byte is sent too late)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("PART,..");
    app.add_option("--probe", options.probes,
                   "only look for where the kernel is: prefetch, entry, echo")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("PROBE,..");
    add_kaslr_option(app, options.kaslr_seed);
    app.add_flag("--relational", options.relational,
                 "run each attack twice with two secrets and compare what user mode could measure");
    CLI::Option* const explain =
        app.add_option(
               "--explain", options.explain,
               "as --relational, and show how the secret gets out, or where it does not, as a "
               "timeline (default FILE: -)")
            ->expected(0, 1)
            ->option_text("[FILE]");
    app.add_option("--trace-events", options.trace_events,
                   "with --explain: the timeline for Chrome's and Perfetto's viewers (JSON)")
        ->needs(explain)
        ->option_text("FILE");
    app.footer(examples);
    if (parse_experiment(app, arguments)) {
        return true;
    }
    if (explain->count() != 0 && options.explain.empty()) {
        options.explain = "-";
    }
    check_examination(options);
    if (!options.kaslr_seed.empty() && options.probes.empty()) {
        fail(Failure::Usage, "--kaslr goes with --probe: an attack is told where the secret is");
    }
    for (const std::string& probe : options.probes) {
        static_cast<void>(
            choose<int>("--probe", probe, {{"prefetch", 0}, {"entry", 0}, {"echo", 0}}));
    }
    for (std::string& part : options.without) {
        part =
            choose<std::string>("--without", part, {{"flush", "no-flush"}, {"race", "too-late"}});
    }
    for (const std::string& name : methods) {
        options.methods.push_back(choose<Method>("--method", name,
                                                 {{"signal", Method::Signal},
                                                  {"mispredict", Method::Mispredict},
                                                  {"tsx", Method::Transactions}}));
    }
    return false;
}

std::string pack_attack(const AttackOptions& options, Method method, const std::string& secret) {
    std::vector<std::string> arguments = {attack::method_name(method),
                                          std::to_string(options.bytes),
                                          std::to_string(options.attempts)};
    if (options.bitwise) {
        arguments.emplace_back("bitwise");
    }
    if (options.touch) {
        arguments.emplace_back("touch");
    }
    arguments.insert(arguments.end(), options.without.begin(), options.without.end());
    return pack_experiment("meltdown", arguments, secret);
}

/// The attacks that were asked for, or all that can be made.
std::vector<AttackRun> make_runs(const AttackOptions& options, const Experiment& experiment) {
    if (!options.methods.empty()) {
        return attack::make_attack_matrix(experiment.matrix(), options.methods);
    }
    auto runs = attack::make_attack_matrix(
        experiment.matrix(), {Method::Signal, Method::Mispredict, Method::Transactions});
    std::erase_if(runs, [&](const AttackRun& run) {
        return run.method == Method::Transactions &&
               !experiment.cpus().model(run.setup.cpu).has(arch::x86::cpuid_feature::rtm);
    });
    return runs;
}

/// By relational verdicts if the runs were examined, else by the attacks' own.
int exit_status_of(const std::vector<AttackRun>& runs) {
    std::vector<JudgedRun> judged;
    for (const AttackRun& run : runs) {
        if (run.reported) {
            judged.push_back({run.setup.design == Design::Isolated,
                              run.relational ? answer_of(run.relational->judgement.verdict)
                                             : answer_of(run.judgement.verdict)});
        }
    }
    return exit_status(judged);
}

report::AttackInputs inputs_of(const AttackOptions& options, const Experiment& experiment,
                               const relational::Names* names = nullptr) {
    return {.seed = options.seed,
            .kernel = experiment.kernel().bytes(),
            .what_if = experiment.cpus().what_if(),
            .names = names};
}

/// Names for what a report shows: the kernel's and the attack's.
relational::Names make_names(const Experiment& experiment) {
    sim::observe::SymbolTable symbols = experiment.kernel().image()->symbols();
    const auto program = pack::read_host_file(guest_program_path("meltdown"), Failure::Own);
    symbols.add_elf(machine::as_span(program.bytes));
    return relational::Names(std::move(symbols));
}

/// What was asked for beyond the attack's own verdict.
void report_examination(const AttackOptions& options, const std::vector<AttackRun>& runs,
                        const relational::Names& names) {
    if (!options.trace_events.empty()) {
        report::write_file(options.trace_events, report::trace_events(runs, names));
    }
    if (options.common.json != "-") {
        report::write_file("-", "\n" + report::relational_table(runs, names));
    }
    if (!options.explain.empty()) {
        const std::string separator = options.explain == "-" ? "\n" : "";
        report::write_file(options.explain, separator + report::explanation(runs, names));
    }
}

/// Looks for the kernel instead of reading it.
int run_probes(const AttackOptions& options, Experiment& experiment) {
    if (experiment.kernel().image() == nullptr) {
        fail(Failure::Usage, "--probe finds Ringfence's own kernel: it does not go with --kernel");
    }
    const attack::KernelLayout layout = attack::layout_of(*experiment.kernel().image());
    std::vector<std::string> places;
    for (const u64 place :
         attack::places_to_probe(*experiment.kernel().image(), !options.kaslr_seed.empty())) {
        places.push_back(fmt::format("{:x}", place));
    }
    std::map<std::string, std::string> guests;
    std::vector<attack::ProbeRun> runs;
    for (const Setup& setup : experiment.matrix()) {
        for (const std::string& probe : options.probes) {
            if (!guests.contains(probe)) {
                std::vector<std::string> arguments = {probe};
                arguments.insert(arguments.end(), places.begin(), places.end());
                guests.emplace(probe, pack_experiment("locate_kernel", arguments, {}));
            }
            attack::ProbeRun run{};
            run.setup = setup;
            run.probe = probe;
            runs.push_back(std::move(run));
        }
    }
    const auto stopped = experiment.run_all(runs.size(), [&](usize i) {
        const CapturedRun guest =
            experiment.run(runs[i].setup, guests.at(runs[i].probe), options.kaslr_seed);
        if (!guest.stopped) {
            attack::take_results(runs[i], guest,
                                 layout.displaced(guest.outcome.kernel_displacement.value_or(0)));
        }
    });
    if (stopped) {
        return *stopped;
    }
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::probe_json(inputs_of(options, experiment), runs));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::probe_table(runs));
    }
    std::vector<JudgedRun> judged;
    for (const attack::ProbeRun& run : runs) {
        judged.push_back({run.setup.design == Design::Isolated, answer_of(run.location)});
    }
    return exit_status(judged);
}

}  // namespace

int attack_verb(const std::vector<std::string>& arguments) {
    AttackOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    Experiment experiment(options.common);
    if (!options.probes.empty()) {
        return run_probes(options, experiment);
    }
    for (const std::string& file : {options.explain, options.trace_events}) {
        if (!file.empty()) {
            report::check_writable(file);
        }
    }
    const std::string secret = attack::make_secret(options.seed, options.bytes);
    auto runs = make_runs(options, experiment);
    std::map<Method, std::string> guests;
    for (const AttackRun& run : runs) {
        if (!guests.contains(run.method)) {
            guests.emplace(run.method, pack_attack(options, run.method, secret));
        }
    }
    const auto stopped = experiment.run_all(runs.size(), [&](usize i) {
        AttackRun& run = runs[i];
        const CapturedRun guest = experiment.run(run.setup, guests.at(run.method));
        if (!guest.stopped) {
            attack::take_results(run, guest, secret,
                                 experiment.backend().clock_hz(run.setup.cpu).value());
        }
        if (options.examines() && run.reported && !guest.stopped) {
            run.relational = relational::examine(
                experiment.request(run.setup, guests.at(run.method)),
                experiment.cpus().model(run.setup.cpu), options.bytes,
                options.explain.empty() ? relational::Keep::Nothing : relational::Keep::Evidence,
                experiment.stop());
        }
    });
    if (stopped) {
        return *stopped;
    }
    attack::judge_all(runs);
    std::optional<relational::Names> names;
    if (options.examines()) {
        names = make_names(experiment);
    }
    if (!options.common.json.empty()) {
        report::write_file(
            options.common.json,
            report::attack_json(inputs_of(options, experiment, names ? &*names : nullptr), runs));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::attack_table(runs));
    }
    if (names) {
        report_examination(options, runs, *names);
    }
    return exit_status_of(runs);
}

}  // namespace ringfence::lab
