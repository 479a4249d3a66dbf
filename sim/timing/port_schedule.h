// SPDX-License-Identifier: MIT
// Which execution ports are taken in which cycle, for a window of cycles from the present on.
#pragma once

#include <array>
#include <vector>

#include "base/bits.h"
#include "base/compiler.h"
#include "sim/state/forward.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::timing {

/// Masks of ports by cycle, from the present to `span` cycles ahead. A mask is kept with the cycle
/// that it is of (below 2^48), so that nothing has to be cleared when time goes on.
class PortWindow {
public:
    static constexpr Cycle span = 1024;

    /// Cycles before `present` are over; their places serve later ones.
    void advance(Cycle present) { present_ = present; }

    [[nodiscard]] Cycle present() const { return present_; }
    [[nodiscard]] bool covers(Cycle cycle) const { return cycle - present_ < span; }
    [[nodiscard]] unsigned taken(Cycle cycle) const {
        const u64 mask = masks_[cycle % span];
        return mask >> port_bits == cycle ? static_cast<unsigned>(mask & low_mask(port_bits)) : 0;
    }
    void take(Cycle cycle, unsigned port) {
        masks_[cycle % span] = pack(cycle, taken(cycle) | port);
    }

    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    static constexpr unsigned port_bits = 16;
    static u64 pack(Cycle cycle, unsigned mask) { return (cycle << port_bits) | mask; }

    std::array<u64, span> masks_{};
    Cycle present_ = 0;
};

/// When a unit that takes one operation at a time is busy: any number of cycles ahead, for many
/// operations that take long may wait for it.
class UnitSchedule {
public:
    /// The first cycle from `ready` on from which the unit is free for `occupancy` cycles.
    [[nodiscard]] Cycle first_free(Cycle ready, Cycle occupancy) const;
    /// It is busy from `start` for `occupancy` cycles, in which it is free.
    void take(Cycle start, Cycle occupancy);
    /// What ended before `present` is forgotten.
    void advance(Cycle present);

    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    /// In a file: more than there are instructions on the way.
    static constexpr usize most_busy = usize{1} << 16;
    struct Busy {
        Cycle start = 0;
        Cycle end = 0;
    };
    std::vector<Busy> busy_;  ///< ascending, apart
};

/// Books ports by cycle. Operations are booked in program order, but a younger one that is ready
/// earlier takes an earlier cycle. A port is not booked for what is ready further ahead than the
/// window's span: operations so late come one by one out of a chain of misses.
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
    RF_ALWAYS_INLINE Cycle book(Ports wanted, Cycle ready, Cycle limit) {
        Cycle cycle = ready;
        while (RF_LIKELY(ports_.covers(cycle))) {
            const unsigned free = wanted & ~ports_.taken(cycle);
            if (RF_LIKELY(free != 0)) {
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
    RF_ALWAYS_INLINE Cycle book(ExecutionClass execution, Cycle ready, Cycle limit) {
        const Class& wanted = classes_[static_cast<unsigned>(execution)];
        if (RF_UNLIKELY(wanted.unit != 0)) {
            return book_unit(wanted, ready, limit);
        }
        return wanted.ports == 0 ? ready : book(wanted.ports, ready, limit);
    }

    void visit_state(state::Visitor& visitor, Cycle latest);

private:
    struct Class {
        Ports ports = 0;
        Cycle occupancy = 1;
        unsigned unit = 0;  ///< 1 + index into units_, of a class whose unit is busy for longer
    };

    Cycle book_unit(const Class& wanted, Cycle ready, Cycle limit);
    /// The first cycle from `ready` on in which both the port and its unit are free.
    [[nodiscard]] Cycle first_free(const UnitSchedule& unit, unsigned port, Cycle ready,
                                   Cycle occupancy) const;

    static constexpr unsigned port_count = 16;

    PortWindow ports_;
    std::array<Class, execution_class_count> classes_{};
    std::vector<std::array<UnitSchedule, port_count>> units_;  ///< of a class, by port
    std::array<u8, port_count> numbers_{};                     ///< new number of each port
};

}  // namespace ringfence::sim::timing
