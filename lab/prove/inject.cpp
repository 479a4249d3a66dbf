// SPDX-License-Identifier: MIT
#include "lab/prove/inject.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <span>

#include "lab/parallel.h"
#include "lab/prove/calm_run.h"
#include "lab/prove/coverage.h"
#include "lab/prove/injected_run.h"
#include "lab/prove/kernel_paths.h"
#include "lab/prove/place.h"
#include "lab/symbols/readable_names.h"

namespace ringfence::lab::prove {

namespace {

/// What is to be done, and for which of the plan's kinds.
struct Schedule {
    std::vector<Injection> injections{};
    std::vector<InjectionKindResult> kinds{};
};

InjectionKindResult& kind_of(Schedule& schedule, EventKind kind) {
    return *std::ranges::find(schedule.kinds, kind, &InjectionKindResult::kind);
}

/// Those of `from` at which the event can come; the others are written down with the reason.
std::vector<Occurrence> possible(InjectionKindResult& result, std::span<const Occurrence> from) {
    std::vector<Occurrence> possible;
    std::map<std::string_view, std::set<Place>> excluded;
    for (const Occurrence& occurrence : from) {
        const std::string_view reason = reason_against(result.kind, occurrence.place);
        if (reason.empty()) {
            possible.push_back(occurrence);
        } else {
            excluded[reason].insert(occurrence.place);
        }
    }
    for (const auto& [reason, places] : excluded) {
        result.exclusions.push_back({places.size(), reason});
    }
    return possible;
}

void put(Schedule& schedule, InjectionKindResult& result, std::vector<Injection> injections,
         usize most) {
    std::set<Place> possible;
    for (const Injection& injection : injections) {
        possible.insert(injection.at.place);
    }
    std::set<Place> places;
    for (const Injection& injection : sample(std::span<const Injection>(injections), most)) {
        places.insert(injection.at.place);
        schedule.injections.push_back(injection);
        ++result.runs;
    }
    result.possible = possible.size();
    result.places = places.size();
}

/// One event in each run.
void schedule_single(Schedule& schedule, EventKind kind, const std::vector<Occurrence>& chosen,
                     usize most) {
    InjectionKindResult& result = kind_of(schedule, kind);
    std::vector<Injection> injections;
    for (const Occurrence& occurrence : possible(result, chosen)) {
        injections.push_back({.kind = kind, .outer = {}, .at = occurrence});
    }
    put(schedule, result, std::move(injections), most);
}

/// Samples of the places to which an event can come, in the order of their addresses: half of them
/// of the kernel's first instructions, which still find the program's stack, table and GS base; the
/// others of all: the program's, the kernel's, those of the entry text and of the exit text.
std::vector<Occurrence> outer_moments(const Occurrences& occurrences, EventKind kind, usize count) {
    std::vector<Occurrence> all;
    std::vector<Occurrence> first;
    for (const auto& [place, moments] : occurrences) {
        if (!reason_against(kind, place).empty()) {
            continue;
        }
        all.push_back({moments.front(), place});
        if (!place.user && place.origin == Origin::User) {
            first.push_back(all.back());
        }
    }
    const usize half = count / 2;
    std::vector<Occurrence> chosen = sample(std::span<const Occurrence>(all), count - half);
    std::ranges::copy(sample(std::span<const Occurrence>(first), half), std::back_inserter(chosen));
    return chosen;
}

/// A first event, and the second one at each step of its way.
void schedule_nested(Schedule& schedule, EventKind kind, const CalmRun& calm,
                     const KernelPaths& paths, const InjectionPlan& plan) {
    const EventKind first = *outer_of(kind);
    std::vector<Injection> injections;
    for (const Occurrence& outer : outer_moments(calm.occurrences, first, plan.outer_samples)) {
        const Occurrences way = record_way(calm, first, outer, paths, plan.timer_vector);
        for (const Occurrence& inner : spread(way, plan.times_each)) {
            injections.push_back({.kind = kind, .outer = outer, .at = inner});
        }
    }
    put(schedule, kind_of(schedule, kind), std::move(injections), plan.most_runs);
}

Schedule make_schedule(const CalmRun& calm, const KernelPaths& paths, const InjectionPlan& plan) {
    Schedule schedule;
    for (const EventKind kind : plan.kinds) {
        schedule.kinds.push_back({.kind = kind});
    }
    const std::vector<Occurrence> chosen = spread(calm.occurrences, plan.times_each);
    for (const EventKind kind : plan.kinds) {
        if (outer_of(kind)) {
            schedule_nested(schedule, kind, calm, paths, plan);
        } else {
            schedule_single(schedule, kind, chosen, plan.most_runs);
        }
    }
    return schedule;
}

std::vector<Injected> run_all(const Schedule& schedule, const CalmRun& calm,
                              const KernelPaths& paths, const InjectionPlan& plan) {
    // What a run does besides may take as long as all of it.
    constexpr u64 grace = 5'000'000;
    const u64 calm_length = calm.last_instruction - calm.checkpoints.front();
    const InjectionContext context{.paths = paths,
                                   .calm = calm.end,
                                   .timer_vector = plan.timer_vector,
                                   .instruction_limit = calm.last_instruction + calm_length + grace,
                                   .stop = &plan.stop.flag()};
    const usize count = schedule.injections.size();
    std::vector<Injected> outcomes(count);
    std::mutex mutex;
    usize done = 0;
    run_parallel(count, plan.jobs, plan.stop, [&](usize i) {
        const Injection& injection = schedule.injections[i];
        const Moment& first = injection.outer ? injection.outer->moment : injection.at.moment;
        outcomes[i] = run_injected(calm.saved[nearest_checkpoint(calm.checkpoints, first)],
                                   injection, context);
        if (plan.on_progress) {
            const std::lock_guard lock(mutex);
            plan.on_progress(++done, count);
        }
    });
    return outcomes;
}

std::string describe(const Place& place, const sim::observe::SymbolTable& symbols) {
    const std::string address = symbols::describe(place.rip, symbols);
    return place.user                               ? "user mode at " + address
           : place.entered_by == Place::system_call ? address + ", in a system call"
           : place.entered_by != Place::no_entry
               ? fmt::format("{}, entered by vector {}", address, place.entered_by)
               : address;
}

std::string describe(const Injection& injection, const sim::observe::SymbolTable& symbols) {
    const std::string at = describe(injection.at.place, symbols);
    return injection.outer
               ? fmt::format("{}, of a {} before {}", at, name_of(*outer_of(injection.kind)),
                             describe(injection.outer->place, symbols))
               : at;
}

void count(InjectionKindResult& result, const Injection& injection, const Injected& outcome,
           const sim::observe::SymbolTable& symbols) {
    if (!outcome.delivered) {
        ++result.never_came;
    } else if (*outcome.delivered == injection.at.place.rip) {
        ++result.delivered;
    } else {
        ++result.waited;
    }
    if (outcome.problem.empty()) {
        ++result.survived;
        return;
    }
    result.failures.push_back({.place = describe(injection, symbols),
                               .rip = injection.at.place.rip,
                               .instructions = injection.at.moment.instructions,
                               .what = outcome.problem});
}

void put_coverage(InjectionResult& result, const machine::KernelImage& kernel,
                  const KernelPaths& paths, const std::set<VirtualAddress>& reached) {
    for (const sim::observe::AddressRange& range : paths.ranges()) {
        const auto all = instructions_in(kernel.bytes(), range);
        result.path_instructions += all.size();
        std::ranges::copy(unreached(all, reached), std::back_inserter(result.unreached));
    }
    std::ranges::sort(result.unreached);
}

}  // namespace

bool InjectionResult::holds() const {
    return !stopped && calm_findings.empty() &&
           std::ranges::all_of(kinds, [](const auto& kind) { return kind.failures.empty(); });
}

InjectionResult inject(const InjectionPlan& plan) {
    const KernelPaths paths = KernelPaths::of(plan.kernel.symbols());
    const CalmRun calm = run_calm(plan, paths);
    InjectionResult result;
    if (plan.stop.requested()) {
        result.stopped = true;
        return result;
    }
    result.calm_instructions = calm.last_instruction - calm.checkpoints.front();
    result.places = calm.occurrences.size();
    result.calm_exit = *calm.end.report.exit;
    result.calm_output = calm.end.output;
    result.calm_findings = calm.findings;
    Schedule schedule = make_schedule(calm, paths, plan);
    const std::vector<Injected> outcomes = run_all(schedule, calm, paths, plan);
    result.stopped = plan.stop.requested();
    if (result.stopped) {
        return result;
    }
    const sim::observe::SymbolTable& symbols = plan.kernel.symbols();
    std::set<VirtualAddress> reached;
    for (usize i = 0; i < outcomes.size(); ++i) {
        const Injection& injection = schedule.injections[i];
        count(kind_of(schedule, injection.kind), injection, outcomes[i], symbols);
        reached.insert(injection.at.place.rip);
    }
    put_coverage(result, plan.kernel, paths, reached);
    result.kinds = std::move(schedule.kinds);
    return result;
}

}  // namespace ringfence::lab::prove
