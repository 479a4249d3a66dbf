// SPDX-License-Identifier: MIT
#include "lab/report/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "lab/report/numbers.h"
#include "lab/report/relational_report.h"
#include "lab/report/timing_words.h"

namespace ringfence::lab::report {

namespace {

using relational::Chain;
using relational::Dependent;
using relational::Names;
using sim::observe::AddressRange;
using sim::observe::TimingEvent;
using Track = Step::Track;

std::string forwarded_words(TimingEvent::Forwarded forwarded) {
    switch (forwarded) {
        case TimingEvent::Forwarded::Data:
            return "the data is forwarded";
        case TimingEvent::Forwarded::Zero:
            return "zero is forwarded";
        case TimingEvent::Forwarded::Nothing:
            break;
    }
    return "nothing is forwarded";
}

/// Where the load leads, as far as it leads anywhere.
std::string place_words(const TimingEvent& event, const AddressRange& secret) {
    std::string text = Names::data(event.address, secret);
    if (secret.contains(event.address)) {
        text += fmt::format(" at {:#x}", event.address.value());
    }
    if (event.physical.value() != 0) {
        text += fmt::format(" (physical {:#x})", event.physical.value());
    }
    return text;
}

Step load_step(const Chain& chain, const Names& names, const AddressRange& secret) {
    const TimingEvent& load = chain.load;
    return {
        .track = Track::Transient,
        .cycle = load.cycle,
        .end = load.cycle,
        .name = "load of " + Names::data(load.address, secret),
        .text = fmt::format("{} loads {}: {}; {}", names.code(load.rip), place_words(load, secret),
                            reason_words(load), forwarded_words(load.forwarded))};
}

std::string dependent_text(const Dependent& dependent, const Names& names) {
    const TimingEvent& access = dependent.access;
    std::string text =
        fmt::format("{} accesses {:#x}", names.code(access.rip), access.address.value());
    text += dependent.fill ? ", which brings " + line_words(*dependent.fill)
                           : fmt::format(", line {:#x}, which L1D has",
                                         access.physical.align_down(64).value());
    if (dependent.other_access) {
        text +=
            fmt::format("; with the other secret {:#x}", dependent.other_access->address.value());
        if (dependent.other_fill) {
            text += ", " + line_words(*dependent.other_fill);
        }
    } else {
        text += "; with the other secret nothing";
    }
    return text;
}

void add_dependents(std::vector<Step>& steps, const Chain& chain, const Names& names) {
    for (const Dependent& dependent : chain.dependents) {
        const TimingEvent& access = dependent.access;
        steps.push_back({.track = Track::Transient,
                         .cycle = access.cycle,
                         .end = access.cycle,
                         .name = fmt::format("access {:#x}", access.address.value()),
                         .text = dependent_text(dependent, names)});
        if (dependent.fill) {
            steps.push_back({.track = Track::Cache,
                             .cycle = access.cycle,
                             .end = std::max(access.cycle, dependent.fill->cycle),
                             .name = line_words(*dependent.fill),
                             .text = {}});
        }
        if (dependent.other_access) {
            const auto& other = *dependent.other_access;
            steps.push_back(
                {.track = Track::Other,
                 .cycle = other.cycle,
                 .end = std::max(other.cycle,
                                 dependent.other_fill ? dependent.other_fill->cycle : other.cycle),
                 .name = fmt::format("access {:#x}", other.address.value()),
                 .text = {}});
        }
    }
}

/// What the path did behind the load that does not depend on it.
std::string independent_words(usize accesses) {
    if (accesses == 0) {
        return "nothing that depends on the load has begun";
    }
    return accesses == 1
               ? std::string("the one access behind the load is to the same place with any secret")
               : fmt::format(
                     "all {} accesses behind the load are to the same places with any "
                     "secret",
                     accesses);
}

Step squash_step(const Chain& chain, const Names& names) {
    std::string text = chain.path.fault ? fmt::format("squash: the fault of {} is taken",
                                                      names.code(chain.path.rip))
                                        : std::string("squash: the branch in front is executed");
    if (chain.dependents.empty()) {
        text += "; " + independent_words(chain.independent);
    }
    return {.track = Track::Transient,
            .cycle = chain.path.cycle,
            .end = chain.path.cycle,
            .name = "squash",
            .text = std::move(text)};
}

std::string served_words(u64 cycles, bool hit) {
    return fmt::format("{} cycles, for the line {} been fetched", cycles, hit ? "had" : "had not");
}

void add_measurement(std::vector<Step>& steps, const Chain& chain, const Names& names) {
    if (!chain.measured) {
        return;
    }
    const relational::Measurement& measured = *chain.measured;
    std::string text =
        fmt::format("{} loads {:#x}: {}", names.code(measured.load.rip),
                    measured.load.address.value(), served_words(measured.cycles, measured.hit));
    if (measured.other_cycles) {
        text +=
            "; with the other secret " + served_words(*measured.other_cycles, measured.other_hit);
    }
    steps.push_back({.track = Track::Program,
                     .cycle = measured.load.cycle - measured.cycles,
                     .end = measured.load.cycle,
                     .name = fmt::format("measures {:#x}", measured.load.address.value()),
                     .text = std::move(text)});
}

/// Cycle and distance flush right, then the text.
std::string timeline_line(const std::string& cycle, const std::string& distance,
                          const std::string& text) {
    return fmt::format("{:>16}{:>12}  {}\n", cycle, distance, text);
}

std::string title_of(const attack::AttackRun& run) {
    return fmt::format("{}, {}, {}", run.setup.cpu, run.setup.label, method_name(run.method));
}

std::string verdict_line(const relational::Result& result, const Names& names) {
    const std::string verdict = verdict_name(result.judgement.verdict);
    if (result.judgement.verdict == relational::Verdict::Differs && !result.chain) {
        return fmt::format("{}: not by a squashed load of the secret: {}", verdict,
                           difference_line(*result.secret.difference, names));
    }
    return fmt::format("{}: {}", verdict, result.judgement.reason);
}

}  // namespace

std::vector<Step> steps_of(const relational::Result& result, const Names& names) {
    std::vector<Step> steps;
    if (!result.chain) {
        return steps;
    }
    const Chain& chain = *result.chain;
    steps.push_back(load_step(chain, names, result.moment->place));
    add_dependents(steps, chain, names);
    steps.push_back(squash_step(chain, names));
    if (chain.delivered) {
        steps.push_back(
            {.track = Track::Program,
             .cycle = chain.path.cycle,
             .end = std::max(chain.path.cycle, chain.delivered->cycle),
             .name = fmt::format("exception {}", chain.delivered->number),
             .text = fmt::format("exception {} is being delivered, to {}", chain.delivered->number,
                                 names.code(chain.delivered->rip))});
    }
    add_measurement(steps, chain, names);
    // Of those at the same cycle, the order is that of the chain.
    std::vector<usize> order(steps.size());
    std::iota(order.begin(), order.end(), usize{0});
    std::ranges::sort(order, {}, [&](usize i) { return std::pair{steps[i].cycle, i}; });
    std::vector<Step> sorted;
    for (const usize i : order) {
        sorted.push_back(std::move(steps[i]));
    }
    return sorted;
}

std::string explanation(const std::vector<attack::AttackRun>& runs, const Names& names) {
    std::string text;
    for (const attack::AttackRun& run : runs) {
        if (!run.reported || !run.relational) {
            continue;
        }
        text += fmt::format("{}{}: {}\n", text.empty() ? "" : "\n", title_of(run),
                            verdict_line(*run.relational, names));
        const std::vector<Step> steps = steps_of(*run.relational, names);
        if (steps.empty()) {
            continue;
        }
        const u64 start = run.relational->chain->load.cycle;
        text += timeline_line("cycle", "since then", "what");
        for (const Step& step : steps) {
            if (!step.text.empty()) {
                text += timeline_line(grouped(step.cycle), grouped_difference(step.cycle, start),
                                      step.text);
            }
        }
    }
    return text;
}

std::string trace_events(const std::vector<attack::AttackRun>& runs, const Names& names) {
    using Json = nlohmann::ordered_json;
    Json events = Json::array();
    const auto name = [&](const char* what, usize process, usize thread, const std::string& value) {
        events.push_back({{"name", what},
                          {"ph", "M"},
                          {"pid", process},
                          {"tid", thread},
                          {"args", {{"name", value}}}});
    };
    const std::array<const char*, 4> tracks = {"retires", "squashed", "lines come",
                                               "squashed, with the other secret"};
    usize process = 0;
    for (const attack::AttackRun& run : runs) {
        if (!run.reported || !run.relational) {
            continue;
        }
        ++process;
        name("process_name", process, 0, title_of(run));
        for (usize track = 0; track < tracks.size(); ++track) {
            name("thread_name", process, track, tracks[track]);
        }
        for (const Step& step : steps_of(*run.relational, names)) {
            events.push_back({{"name", step.name},
                              {"ph", "X"},
                              {"pid", process},
                              {"tid", static_cast<usize>(step.track)},
                              {"ts", step.cycle},
                              {"dur", std::max<u64>(step.end - step.cycle, 1)},
                              {"args", {{"what", step.text.empty() ? step.name : step.text}}}});
        }
    }
    const Json document = {
        {"otherData", {{"schema", "ringfence.trace/1"}, {"unit", "core cycles"}}},
        {"traceEvents", events}};
    constexpr int indent = 1;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
