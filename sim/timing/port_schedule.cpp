// SPDX-License-Identifier: MIT
#include "sim/timing/port_schedule.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/compiler.h"

namespace ringfence::sim::timing {
namespace {

constexpr unsigned port_count = 16;

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

PortSchedule::PortSchedule(const CoreParameters& parameters) {
    const std::array<unsigned, port_count> wanted = classes_per_port(parameters);
    std::array<u8, port_count> order{};
    std::iota(order.begin(), order.end(), u8{0});
    std::ranges::sort(order, {}, [&wanted](u8 port) { return std::pair{wanted[port], port}; });
    for (u8 number = 0; number < port_count; ++number) {
        numbers_[order[number]] = number;
    }
    for (unsigned i = 0; i < execution_class_count; ++i) {
        const ExecutionParameters& execution = parameters.execution[i];
        RF_ASSERT(execution.occupancy <= PortWindow::span / 2);
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

unsigned PortSchedule::free_ports(const Class& wanted, Cycle cycle) const {
    const PortWindow& unit = units_[wanted.unit - 1];
    unsigned free = wanted.ports & ~ports_.taken(cycle);
    for (Cycle busy = cycle; busy < cycle + wanted.occupancy && free != 0; ++busy) {
        free &= ~(unit.covers(busy) ? unit.taken(busy) : 0U);
    }
    return free;
}

Cycle PortSchedule::book_unit(const Class& wanted, Cycle ready, Cycle limit) {
    PortWindow& unit = units_[wanted.unit - 1];
    if (ports_.present() > unit.present()) {
        unit.advance(ports_.present());
    }
    Cycle cycle = ready;
    while (ports_.covers(cycle)) {
        const unsigned free = free_ports(wanted, cycle);
        if (free != 0) {
            if (cycle < limit) {
                const unsigned port = free & (0U - free);
                ports_.take(cycle, port);
                for (Cycle busy = cycle; busy < cycle + wanted.occupancy && unit.covers(busy);
                     ++busy) {
                    unit.take(busy, port);
                }
            }
            return cycle;
        }
        ++cycle;
    }
    return cycle;
}

}  // namespace ringfence::sim::timing
