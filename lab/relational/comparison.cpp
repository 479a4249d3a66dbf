// SPDX-License-Identifier: MIT
#include "lab/relational/comparison.h"

#include <algorithm>

#include "lab/error.h"
#include "sim/state/field_list.h"

namespace ringfence::lab::relational {

namespace {

/// At most so many instructions are between two comparisons of whole states.
constexpr u64 window = 50'000;
/// So many instructions behind a difference are evidence: among them what was sent is received.
constexpr u64 instructions_after = 50'000;

using Kind = TimingEvent::Kind;
using Cache = TimingEvent::Cache;

std::optional<TimingEvent> event_at(std::span<const TimingEvent> events, usize at) {
    return at < events.size() ? std::optional{events[at]} : std::nullopt;
}

/// The lines that came, into L1D or into any cache.
Events filled(std::span<const TimingEvent> events, bool only_l1d) {
    Events lines;
    std::ranges::copy_if(events, std::back_inserter(lines), [&](const TimingEvent& event) {
        return event.kind == Kind::Filled && (!only_l1d || event.cache == Cache::L1d);
    });
    return lines;
}

/// Two runs side by side.
class Pair {
public:
    Pair(const Moment& moment, machine::StopRequest& stop)
        : first(moment, without_zeroes(moment.content), stop),
          second(moment, other_content(without_zeroes(moment.content)), stop) {}

    /// To the next entry to user mode, or not as far.
    void advance() {
        const u64 target = instructions() + window;
        first.run_to_user_entry(target);
        second.run_to_user_entry(target);
        // If only one of them entered, the other is to show what it did instead.
        const u64 reached = instructions();
        first.run_to(reached);
        second.run_to(reached);
    }
    void advance_by(u64 more) {
        const u64 target = instructions() + more;
        first.run_to(target);
        second.run_to(target);
    }
    [[nodiscard]] u64 instructions() const {
        return std::max(first.instructions(), second.instructions());
    }
    void forget_events() {
        first.log.clear();
        second.log.clear();
    }
    [[nodiscard]] bool ended() const { return first.ended() && second.ended(); }
    /// Where there is a state to be compared.
    [[nodiscard]] bool have_states() const {
        return first.machine().can_be_captured() && second.machine().can_be_captured();
    }
    [[nodiscard]] bool states_differ() const {
        return first.machine().timing_digest() != second.machine().timing_digest();
    }

    Twin first;
    Twin second;
};

/// The access for which the line of `events[at]` comes or goes: it is told of behind it.
std::optional<TimingEvent> access_behind(std::span<const TimingEvent> events, usize at) {
    if (at >= events.size() ||
        (events[at].kind != Kind::Filled && events[at].kind != Kind::Evicted)) {
        return std::nullopt;
    }
    const auto rest = events.subspan(at);
    const auto found = std::ranges::find_if(rest, [&](const TimingEvent& event) {
        return event.kind == Kind::Access || event.kind == Kind::TransientAccess ||
               event.kind == Kind::Forbidden || event.rip != events[at].rip;
    });
    return found != rest.end() && found->rip == events[at].rip ? std::optional{*found}
                                                               : std::nullopt;
}

/// A load of a place that is forbidden.
struct Attempt {
    usize at;
    bool faults;  ///< it is what begins a squashed path, and not on one
};

/// The first that faults, else the first.
std::optional<Attempt> find_attempt(const Events& events, const sim::observe::AddressRange& place) {
    std::optional<Attempt> attempt;
    for (usize i = 0; i < events.size(); ++i) {
        if (events[i].kind != Kind::Forbidden || !place.contains(events[i].address)) {
            continue;
        }
        const auto next = std::find_if(events.begin() + static_cast<Events::difference_type>(i),
                                       events.end(), [](const TimingEvent& event) {
                                           return event.kind == Kind::PathBegins ||
                                                  event.kind == Kind::PathEnds ||
                                                  event.kind == Kind::Retired;
                                       });
        if (next != events.end() && next->kind == Kind::PathBegins) {
            return Attempt{.at = i, .faults = true};
        }
        attempt = attempt.value_or(Attempt{.at = i, .faults = false});
    }
    return attempt;
}

/// Counts what both did before the event at `end`.
void count(Comparison& result, const TimingLog& log, usize end) {
    result.events += end;
    result.user_entries += static_cast<u64>(
        std::ranges::count_if(log.user_entries, [=](usize at) { return at <= end; }));
    result.instructions += static_cast<u64>(
        std::ranges::count(std::span{log.events}.first(end), Kind::Retired, &TimingEvent::kind));
}

}  // namespace

std::optional<usize> first_difference(std::span<const TimingEvent> first,
                                      std::span<const TimingEvent> second) {
    const auto [ours, theirs] = std::ranges::mismatch(first, second);
    if (ours == first.end() && theirs == second.end()) {
        return std::nullopt;
    }
    return static_cast<usize>(ours - first.begin());
}

Difference difference_at(std::span<const TimingEvent> first, std::span<const TimingEvent> second,
                         usize at) {
    Difference difference{};
    difference.first = event_at(first, at);
    difference.second = event_at(second, at);
    difference.first_access = access_behind(first, at);
    difference.second_access = access_behind(second, at);
    for (const bool only_l1d : {true, false}) {
        const Events ours = filled(first.subspan(std::min(at, first.size())), only_l1d);
        const Events theirs = filled(second.subspan(std::min(at, second.size())), only_l1d);
        if (const auto line = first_difference(ours, theirs)) {
            difference.first_line = event_at(ours, *line);
            difference.second_line = event_at(theirs, *line);
            break;
        }
    }
    return difference;
}

Difference state_difference(const sim::machine::Machine& first,
                            const sim::machine::Machine& second) {
    Difference difference{};
    difference.field = "timing";
    const auto ours = first.capture();
    const auto theirs = second.capture();
    if (!ours.ok() || !theirs.ok()) {
        return difference;
    }
    const auto* const our_timing = ours.value()->find("timing");
    const auto* const their_timing = theirs.value()->find("timing");
    sim::state::for_each_difference(our_timing->bytes, their_timing->bytes,
                                    [&](const sim::state::Difference& found) {
                                        difference.field = found.path;
                                        difference.first_value = found.first;
                                        difference.second_value = found.second;
                                        return false;
                                    });
    return difference;
}

Comparison compare(const Moment& moment, Keep keep, machine::StopRequest& stop) {
    Pair pair(moment, stop);
    Comparison result;
    bool kept_a_fault = false;
    while (!pair.ended() && !stop.requested()) {
        pair.advance();
        const Events& first = pair.first.log.events;
        const Events& second = pair.second.log.events;
        const auto at = first_difference(first, second);
        count(result, pair.first.log, at.value_or(first.size()));
        if (at) {
            result.difference = difference_at(first, second, *at);
            if (keep == Keep::Evidence) {
                pair.advance_by(instructions_after);
                result.evidence = Evidence{.first = first, .second = second, .at = *at};
            }
            break;
        }
        if (pair.have_states()) {
            ++result.states;
            if (pair.states_differ()) {
                result.difference = state_difference(pair.first.machine(), pair.second.machine());
                break;
            }
        }
        if (keep == Keep::Evidence && !kept_a_fault) {
            const auto attempt = find_attempt(first, moment.place);
            if (attempt && (attempt->faults || !result.evidence)) {
                result.evidence = Evidence{.first = first, .second = {}, .at = attempt->at};
                kept_a_fault = attempt->faults;
            }
        }
        pair.forget_events();
    }
    result.stopped = stop.requested();
    return result;
}

}  // namespace ringfence::lab::relational
