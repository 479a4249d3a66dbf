// SPDX-License-Identifier: MIT
#include "lab/relational/chain.h"

#include <algorithm>

namespace ringfence::lab::relational {

namespace {

using Kind = TimingEvent::Kind;
using View = std::span<const TimingEvent>;

constexpr u64 line_bytes = 64;

u64 line_of(const TimingEvent& event) {
    return event.physical.align_down(line_bytes).value();
}

/// The first event of a kind from `from` on; the end's place if there is none.
usize find_from(View events, usize from, Kind kind) {
    const View rest = events.subspan(std::min(from, events.size()));
    const auto found = std::ranges::find(rest, kind, &TimingEvent::kind);
    return std::min(from, events.size()) + static_cast<usize>(found - rest.begin());
}

/// The last event of a kind before `end`.
std::optional<usize> find_before(View events, usize end, Kind kind) {
    for (usize i = std::min(end, events.size()); i-- > 0;) {
        if (events[i].kind == kind) {
            return i;
        }
    }
    return std::nullopt;
}

/// The squashed path that the event at `at` is of, or, if the event is of an instruction that
/// faults, the path that this begins.
std::optional<usize> path_of(View events, usize at) {
    const auto begun = find_before(events, at + 1, Kind::PathBegins);
    const auto ended = find_before(events, at, Kind::PathEnds);
    if (begun && (!ended || *ended < *begun)) {
        return begun;
    }
    const usize next = find_from(events, at, Kind::PathBegins);
    return next < find_from(events, at, Kind::Retired) ? std::optional{next} : std::nullopt;
}

/// The loads of the place that belong to the path [begin, end): a faulting one comes before it.
/// Of several, the first that forwarded data.
std::optional<TimingEvent> load_of(View events, usize begin, usize end,
                                   const sim::observe::AddressRange& place) {
    const usize before = std::max(find_before(events, begin, Kind::Retired).value_or(0),
                                  find_before(events, begin, Kind::PathEnds).value_or(0));
    std::optional<TimingEvent> load;
    for (usize i = before; i < end; ++i) {
        const TimingEvent& event = events[i];
        const bool better = !load || (load->forwarded != TimingEvent::Forwarded::Data &&
                                      event.forwarded == TimingEvent::Forwarded::Data);
        if (event.kind == Kind::Forbidden && place.contains(event.address) && better) {
            load = event;
        }
    }
    return load;
}

Events accesses_of(View path, const sim::observe::AddressRange& place) {
    Events accesses;
    std::ranges::copy_if(path, std::back_inserter(accesses), [&](const TimingEvent& event) {
        return event.kind == Kind::TransientAccess && !place.contains(event.address);
    });
    return accesses;
}

std::optional<TimingEvent> fill_of(View path, const TimingEvent& access) {
    const auto found = std::ranges::find_if(path, [&](const TimingEvent& event) {
        return event.kind == Kind::Filled && event.cache == TimingEvent::Cache::L1d &&
               line_of(event) == line_of(access) && event.rip == access.rip;
    });
    return found != path.end() ? std::optional{*found} : std::nullopt;
}

void add_accesses(Chain& chain, View first, View second, const sim::observe::AddressRange& place) {
    const Events ours = accesses_of(first, place);
    const Events theirs = accesses_of(second, place);
    for (usize i = 0; i < ours.size(); ++i) {
        const bool both = i < theirs.size() && ours[i].rip == theirs[i].rip;
        if (second.empty() || (both && ours[i].address == theirs[i].address)) {
            ++chain.independent;
            continue;
        }
        Dependent dependent{.access = ours[i],
                            .fill = fill_of(first, ours[i]),
                            .other_access = {},
                            .other_fill = {}};
        if (both) {
            dependent.other_access = theirs[i];
            dependent.other_fill = fill_of(second, theirs[i]);
        }
        chain.dependents.push_back(dependent);
    }
}

/// How a retired access at `at` was served. Lines come and go before the retirement is told of.
struct Served {
    u64 cycles = 0;
    bool filled = false;
    bool flushed = false;
};

std::optional<Served> served(View events, usize at) {
    const auto retired = find_before(events, at, Kind::Retired);
    const auto previous = retired ? find_before(events, *retired, Kind::Retired) : std::nullopt;
    if (!previous) {
        return std::nullopt;
    }
    Served result{.cycles = events[*retired].cycle - events[*previous].cycle};
    for (usize i = *previous; i < *retired; ++i) {
        const TimingEvent& event = events[i];
        if (event.rip == events[at].rip && line_of(event) == line_of(events[at])) {
            result.filled |= event.kind == Kind::Filled && event.cache == TimingEvent::Cache::L1d;
            result.flushed |= event.kind == Kind::Flushed;
        }
    }
    return result;
}

/// The first load behind `from` that `wanted` accepts.
template <typename Wanted>
std::optional<Measurement> find_load(View events, usize from, Wanted wanted) {
    for (usize i = from; i < events.size(); ++i) {
        if (events[i].kind == Kind::Access && events[i].user && wanted(events[i])) {
            const auto how = served(events, i);
            if (how && !how->flushed) {
                return Measurement{.load = events[i],
                                   .cycles = how->cycles,
                                   .hit = !how->filled,
                                   .other_cycles = {},
                                   .other_hit = false};
            }
        }
    }
    return std::nullopt;
}

std::optional<Measurement> find_measurement(const Chain& chain, View first, View second, usize end,
                                            usize other_end) {
    auto measured = find_load(first, end, [&](const TimingEvent& event) {
        return std::ranges::any_of(chain.dependents, [&](const Dependent& dependent) {
            return line_of(dependent.access) == line_of(event);
        });
    });
    if (!measured) {
        return std::nullopt;
    }
    const auto other = find_load(second, other_end, [&](const TimingEvent& event) {
        return event.rip == measured->load.rip && line_of(event) == line_of(measured->load);
    });
    if (other) {
        measured->other_cycles = other->cycles;
        measured->other_hit = other->hit;
    }
    return measured;
}

}  // namespace

std::optional<Chain> find_chain(const Evidence& evidence, const sim::observe::AddressRange& place) {
    const View first{evidence.first};
    const View second{evidence.second};
    const auto begin = path_of(first, evidence.at);
    if (!begin) {
        return std::nullopt;
    }
    const usize end = find_from(first, *begin, Kind::PathEnds);
    const auto load = load_of(first, *begin, end, place);
    if (!load) {
        return std::nullopt;
    }
    Chain chain{.load = *load,
                .byte = load->address - place.first,
                .path = first[*begin],
                .dependents = {},
                .independent = 0,
                .delivered = {},
                .measured = {}};
    // Up to the difference the logs are the same, so the path begins at the same place.
    const usize other_end = second.empty() ? 0 : find_from(second, *begin, Kind::PathEnds);
    const View other_path = second.empty() ? View{} : second.subspan(*begin, other_end - *begin);
    add_accesses(chain, first.subspan(*begin, end - *begin), other_path, place);
    const usize delivered = find_from(first, end, Kind::Delivered);
    if (chain.path.fault && delivered < find_from(first, end, Kind::Retired)) {
        chain.delivered = first[delivered];
    }
    chain.measured = find_measurement(chain, first, second, end, other_end);
    return chain;
}

}  // namespace ringfence::lab::relational
