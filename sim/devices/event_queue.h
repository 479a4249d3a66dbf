// SPDX-License-Identifier: MIT
// What devices will do, and at which cycle. The order is total: by cycle, then by who asked first,
// so that two runs with the same inputs do the same.
#pragma once

#include <vector>

#include "sim/memory/port_bus.h"

namespace ringfence::sim::devices {

/// Something that wants to be told when a cycle has come.
class EventTarget {
public:
    virtual ~EventTarget() = default;
    /// `kind` is the target's own number for the event; `cycle` is when it was due.
    virtual void event_due(unsigned kind, u64 cycle) = 0;
};

/// Keeps memory::Clock::next_event right. A handful of events at a time: a sorted vector.
class EventQueue {
public:
    explicit EventQueue(memory::Clock& clock) : clock_(clock) {}

    /// Replaces the pending event of this target and kind, if there is one.
    void schedule(EventTarget& target, unsigned kind, u64 cycle);
    void cancel(EventTarget& target, unsigned kind);
    /// Delivers all events due at clock.now, also those that come due by that.
    void run_due();

    [[nodiscard]] u64 now() const { return clock_.now; }
    [[nodiscard]] bool empty() const { return events_.empty(); }

private:
    struct Event {
        u64 cycle;
        u64 sequence;
        EventTarget* target;
        unsigned kind;
    };
    void remove(const EventTarget& target, unsigned kind);
    void publish();

    memory::Clock& clock_;
    std::vector<Event> events_;  ///< the next one last
    u64 next_sequence_ = 0;
};

}  // namespace ringfence::sim::devices
