// SPDX-License-Identifier: MIT
#include "sim/timing/port_schedule.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/compiler.h"
#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {
namespace {

template <usize port_count>
std::array<unsigned, port_count> classes_per_port(const CoreParameters& parameters) {
    std::array<unsigned, port_count> wanted{};
    const auto add = [&wanted](Ports ports) {
        for (unsigned port = 0; port < port_count; ++port) {
            wanted[port] += (ports >> port) & 1U;
        }
    };
    for (const ExecutionParameters& execution : parameters.execution) {
        add(execution.ports);
    }
    add(parameters.load_ports);
    add(parameters.store_address_ports);
    add(parameters.store_data_ports);
    return wanted;
}

}  // namespace

Cycle UnitSchedule::first_free(Cycle ready, Cycle occupancy) const {
    Cycle start = ready;
    for (const Busy& busy : busy_) {
        if (busy.start >= start + occupancy) {
            break;
        }
        start = std::max(start, busy.end);
    }
    return start;
}

void UnitSchedule::take(Cycle start, Cycle occupancy) {
    const auto after =
        std::ranges::find_if(busy_, [start](const Busy& busy) { return busy.start > start; });
    busy_.insert(after, {start, start + occupancy});
}

void UnitSchedule::advance(Cycle present) {
    const auto first =
        std::ranges::find_if(busy_, [present](const Busy& busy) { return busy.end > present; });
    busy_.erase(busy_.begin(), first);
}

PortSchedule::PortSchedule(const CoreParameters& parameters) {
    const std::array<unsigned, port_count> wanted = classes_per_port<port_count>(parameters);
    std::array<u8, port_count> order{};
    std::iota(order.begin(), order.end(), u8{0});
    std::ranges::sort(order, {}, [&wanted](u8 port) { return std::pair{wanted[port], port}; });
    for (u8 number = 0; number < port_count; ++number) {
        numbers_[order[number]] = number;
    }
    for (unsigned i = 0; i < execution_class_count; ++i) {
        const ExecutionParameters& execution = parameters.execution[i];
        classes_[i].ports = renumbered(execution.ports);
        classes_[i].occupancy = execution.occupancy;
        if (execution.occupancy > 1 && execution.ports != 0) {
            units_.emplace_back();
            classes_[i].unit = static_cast<unsigned>(units_.size());
        }
    }
}

Ports PortSchedule::renumbered(Ports ports) const {
    unsigned out = 0;
    for (unsigned port = 0; port < port_count; ++port) {
        out |= ((ports >> port) & 1U) << numbers_[port];
    }
    return static_cast<Ports>(out);
}

Cycle PortSchedule::first_free(const UnitSchedule& unit, unsigned port, Cycle ready,
                               Cycle occupancy) const {
    Cycle cycle = unit.first_free(ready, occupancy);
    while (ports_.covers(cycle) && ((ports_.taken(cycle) >> port) & 1U) != 0) {
        cycle = unit.first_free(cycle + 1, occupancy);
    }
    return cycle;
}

/// Of the ports, the one that is free first.
Cycle PortSchedule::book_unit(const Class& wanted, Cycle ready, Cycle limit) {
    auto& units = units_[wanted.unit - 1];
    Cycle best = never;
    unsigned best_port = 0;
    for (unsigned port = 0; port < port_count; ++port) {
        if (((unsigned{wanted.ports} >> port) & 1U) == 0) {
            continue;
        }
        units[port].advance(ports_.present());
        const Cycle cycle = first_free(units[port], port, ready, wanted.occupancy);
        if (cycle < best) {
            best = cycle;
            best_port = port;
        }
    }
    if (best < limit) {
        units[best_port].take(best, wanted.occupancy);
        if (ports_.covers(best)) {
            ports_.take(best, 1U << best_port);
        }
    }
    return best;
}

void PortWindow::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.field("masks", masks_);
    visit_time(visitor, "present", present_, latest);
}

void UnitSchedule::visit_state(state::Visitor& visitor, Cycle latest) {
    std::vector<Cycle> starts;
    std::vector<Cycle> ends;
    for (const Busy& busy : busy_) {
        starts.push_back(busy.start);
        ends.push_back(busy.end);
    }
    visitor.list("starts", starts, most_busy);
    visitor.list("ends", ends, most_busy);
    require_times(visitor, ends, latest);
    visitor.require(starts.size() == ends.size(), "lists of different lengths");
    if (visitor.loading() && visitor.ok()) {
        busy_.clear();
        for (usize i = 0; i < starts.size(); ++i) {
            visitor.require(starts[i] < ends[i] && (i == 0 || ends[i - 1] <= starts[i]),
                            "a unit that does two things at once");
            busy_.push_back({.start = starts[i], .end = ends[i]});
        }
    }
}

void PortSchedule::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.group("window", [&] { ports_.visit_state(visitor, latest); });
    for (usize i = 0; i < units_.size(); ++i) {
        for (unsigned port = 0; port < port_count; ++port) {
            visitor.group("unit_" + std::to_string(i) + "_port_" + std::to_string(port),
                          [&] { units_[i][port].visit_state(visitor, latest); });
        }
    }
    // Not state: classes_, numbers_ (configuration)
}

}  // namespace ringfence::sim::timing
