// SPDX-License-Identifier: MIT
#include "lab/attack/attack_run.h"

#include <algorithm>

#include "lab/error.h"

namespace ringfence::lab::attack {

namespace {

/// The attack's exit status when the CPU lacks what its method needs.
constexpr int status_not_available = 3;

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

bool is_reference_of(const AttackRun& candidate, const AttackRun& run) {
    return candidate.setup.design == Design::Shared && candidate.setup.cpu == run.setup.cpu &&
           candidate.method == run.method;
}

}  // namespace

std::string method_name(Method method) {
    return method == Method::Signal       ? "signal"
           : method == Method::Mispredict ? "mispredict"
                                          : "tsx";
}

std::vector<AttackRun> make_attack_matrix(const std::vector<Setup>& setups,
                                          const std::vector<Method>& methods) {
    std::vector<AttackRun> runs;
    const auto add = [&](const Setup& setup, bool reported) {
        for (const Method method : methods) {
            AttackRun run{};
            run.setup = setup;
            run.method = method;
            run.reported = reported;
            runs.push_back(std::move(run));
        }
    };
    for (const Setup& setup : setups) {
        add(setup, true);
    }
    for (const Setup& setup : setups) {
        const bool covered = std::ranges::any_of(runs, [&](const AttackRun& run) {
            return run.setup.design == Design::Shared && run.setup.cpu == setup.cpu;
        });
        if (!covered) {
            Setup shared = setup;
            shared.design = Design::Shared;
            shared.label = design_name(Design::Shared);
            add(shared, false);
        }
    }
    return runs;
}

void take_results(AttackRun& run, const CapturedRun& guest, const std::string& secret,
                  u64 clock_hz) {
    run.isolation = guest.report.isolation;
    run.cycles = guest.outcome.cycles;
    if (guest.outcome.counters) {
        run.instructions = guest.outcome.counters->total_instructions();
    }
    run.evidence = {.control = {0, secret.size()}, .secret = {0, secret.size()}};
    const int status = shell_status(*guest.report.exit);
    if (status == status_not_available) {
        run.evidence.obstacle = first_line(guest.error);
        return;
    }
    const std::string where = run.setup.label + " on " + run.setup.cpu;
    if (status != 0) {
        fail(Failure::Own, "{}: the attack ended with status {}: {}", where, status,
             first_line(guest.error));
    }
    const auto parsed = parse_attack_output(guest.output, secret.size());
    if (!parsed.ok()) {
        fail(Failure::Own, "{}: {}", where, parsed.error());
    }
    const AttackOutput& output = parsed.value();
    run.calibration = output.calibration;
    if (!output.has_channel()) {
        run.evidence.obstacle = fmt::format(
            "the control failed: the clock cannot tell a cache ({} cycles) from memory ({})",
            output.calibration.hit, output.calibration.miss);
        return;
    }
    const std::span truth(reinterpret_cast<const u8*>(secret.data()), secret.size());
    run.evidence.control = tally(output.control, output.control_truth);
    run.evidence.secret = tally(output.secret, truth);
    run.bytes_per_second = static_cast<double>(run.evidence.secret.right) *
                           static_cast<double>(clock_hz) /
                           static_cast<double>(output.secret_cycles);
}

void judge_all(std::vector<AttackRun>& runs) {
    for (AttackRun& run : runs) {
        const auto shared = std::ranges::find_if(
            runs, [&](const AttackRun& candidate) { return is_reference_of(candidate, run); });
        run.judgement = judge(run.evidence, shared->evidence);
    }
}

std::string effectiveness(const AttackRun& run) {
    const bool enabled = run.isolation && run.isolation->enabled != 0;
    switch (run.judgement.verdict) {
        case Verdict::Leaks:
            return "no";
        case Verdict::Mitigated:
            return enabled ? "yes" : "no";
        case Verdict::Immune:
            return "not needed";
        case Verdict::Broken:
            break;
    }
    return "unknown";
}

}  // namespace ringfence::lab::attack
