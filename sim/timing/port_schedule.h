// SPDX-License-Identifier: MIT
// Which execution ports are taken in which cycle, for a window of cycles from the present on.
#pragma once

#include <array>
#include <vector>

#include "sim/timing/parameters.h"

namespace ringfence::sim::timing {

/// Masks of ports by cycle, from the present to `span` cycles ahead.
class PortWindow {
public:
    static constexpr Cycle span = 1024;

    /// Cycles before `present` are over; their places serve later ones.
    void advance(Cycle present) {
        if (present - present_ >= span) {
            taken_.fill(0);
        } else {
            for (Cycle cycle = present_; cycle < present; ++cycle) {
                taken_[cycle % span] = 0;
            }
        }
        present_ = present;
    }

    [[nodiscard]] Cycle present() const { return present_; }
    [[nodiscard]] bool covers(Cycle cycle) const { return cycle - present_ < span; }
    [[nodiscard]] unsigned taken(Cycle cycle) const { return taken_[cycle % span]; }
    void take(Cycle cycle, unsigned port) {
        taken_[cycle % span] = static_cast<Ports>(taken_[cycle % span] | port);
    }

private:
    std::array<Ports, span> taken_{};
    Cycle present_ = 0;
};

/// Books ports by cycle. Operations are booked in program order, but a younger one that is ready
/// earlier takes an earlier cycle. What is ready further ahead than the window's span is not
/// booked: operations so late come one by one out of a chain of misses.
class PortSchedule {
public:
    explicit PortSchedule(const CoreParameters& parameters);

    /// Ports as `book` wants them: numbered so that those which fewer classes need come first, and
    /// are not taken from them by operations that could go elsewhere.
    [[nodiscard]] Ports renumbered(Ports ports) const;

    /// No operation will be booked for a cycle before `present`.
    void advance(Cycle present) {
        if (present > ports_.present()) {
            ports_.advance(present);
        }
    }

    /// The first cycle from `ready` on in which one of `wanted` (renumbered, not none) is free. It
    /// is taken, unless that is at `limit` or later.
    Cycle book(Ports wanted, Cycle ready, Cycle limit) {
        Cycle cycle = ready;
        while (ports_.covers(cycle)) {
            const unsigned free = wanted & ~ports_.taken(cycle);
            if (free != 0) {
                if (cycle < limit) {
                    ports_.take(cycle, free & (0U - free));
                }
                return cycle;
            }
            ++cycle;
        }
        return cycle;
    }

    /// The same for an operation of a class: `ready` if it needs no port; and for `occupancy`
    /// cycles its port's unit takes no other of the class.
    Cycle book(ExecutionClass execution, Cycle ready, Cycle limit) {
        const Class& wanted = classes_[static_cast<unsigned>(execution)];
        if (wanted.unit != 0) {
            return book_unit(wanted, ready, limit);
        }
        return wanted.ports == 0 ? ready : book(wanted.ports, ready, limit);
    }

private:
    struct Class {
        Ports ports = 0;
        Cycle occupancy = 1;
        unsigned unit = 0;  ///< 1 + index into units_, of a class whose unit is busy for longer
    };

    Cycle book_unit(const Class& wanted, Cycle ready, Cycle limit);
    [[nodiscard]] unsigned free_ports(const Class& wanted, Cycle cycle) const;

    PortWindow ports_;
    std::array<Class, execution_class_count> classes_{};
    std::vector<PortWindow> units_;
    std::array<u8, 16> numbers_{};  ///< new number of each port
};

}  // namespace ringfence::sim::timing
