// SPDX-License-Identifier: MIT
// `ringfence attack`: can user mode read the kernel?
#include "arch/x86/cpuid.h"
#include "lab/attack/attack_run.h"
#include "lab/attack/secret.h"
#include "lab/error.h"
#include "lab/experiment.h"
#include "lab/message.h"
#include "lab/report/attack_report.h"
#include "lab/report/output_file.h"
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
Exit status: 0 if isolation holds, 2 for a leak in the isolated design or in the only design asked
for, 3 if it cannot be told, 255 for an error.

Examples:
  ringfence attack
  ringfence attack --cpu skylake-sp,cascadelake,zen2 --bytes 256 --json attack.json
  ringfence attack --bitwise --method signal,tsx
  ringfence attack --probe prefetch,echo
  ringfence attack --design isolated --method signal --quiet && echo isolated
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
};

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
    app.footer(examples);
    if (parse_experiment(app, arguments)) {
        return true;
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

std::vector<attack::Judged> reported_verdicts(const std::vector<AttackRun>& runs) {
    std::vector<attack::Judged> verdicts;
    for (const AttackRun& run : runs) {
        if (run.reported) {
            verdicts.push_back({run.setup.design == Design::Isolated, run.judgement.verdict});
        }
    }
    return verdicts;
}

report::AttackInputs inputs_of(const AttackOptions& options, const Experiment& experiment) {
    return {.seed = options.seed,
            .kernel = experiment.kernel().bytes(),
            .what_if = experiment.cpus().what_if()};
}

/// Looks for the kernel instead of reading it.
int run_probes(const AttackOptions& options, Experiment& experiment) {
    if (experiment.kernel().image() == nullptr) {
        fail(Failure::Usage, "--probe finds Ringfence's own kernel: it does not go with --kernel");
    }
    const attack::KernelLayout layout = attack::layout_of(*experiment.kernel().image());
    // Where the first pages lie within a step: in the image for everyone to see.
    const std::string entry = fmt::format("{:x}", layout.entry.start % attack::probe_step);
    const std::string image = fmt::format("{:x}", layout.image.start % attack::probe_step);
    std::map<std::string, std::string> guests;
    std::vector<attack::ProbeRun> runs;
    for (const Setup& setup : experiment.matrix()) {
        for (const std::string& probe : options.probes) {
            if (!guests.contains(probe)) {
                guests.emplace(probe, pack_experiment("locate_kernel", {probe, entry, image}, {}));
            }
            attack::ProbeRun run{};
            run.setup = setup;
            run.probe = probe;
            runs.push_back(std::move(run));
        }
    }
    const auto stopped = experiment.run_all(runs.size(), [&](usize i) {
        const CapturedRun guest = experiment.run(runs[i].setup, guests.at(runs[i].probe));
        if (!guest.stopped) {
            attack::take_results(runs[i], guest, layout);
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
    return attack::exit_status(runs);
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
    });
    if (stopped) {
        return *stopped;
    }
    attack::judge_all(runs);
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::attack_json(inputs_of(options, experiment), runs));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::attack_table(runs));
    }
    return attack::exit_status(reported_verdicts(runs));
}

}  // namespace ringfence::lab
