// SPDX-License-Identifier: MIT
// What devices will do, and at which cycle. The order is total: by cycle, then by who asked first,
// so that two runs with the same inputs do the same.
#pragma once

#include <string_view>
#include <vector>

#include "sim/memory/port_bus.h"
#include "sim/state/forward.h"

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

    /// To be called once by each target before it schedules anything. The name finds it again in
    /// saved state; its events are of the kinds 0 to `kinds` - 1.
    void enroll(EventTarget& target, std::string_view name, unsigned kinds);

    /// Replaces the pending event of this target and kind, if there is one.
    void schedule(EventTarget& target, unsigned kind, u64 cycle);
    void cancel(EventTarget& target, unsigned kind);
    /// Delivers all events due at clock.now, also those that come due by that.
    void run_due();

    [[nodiscard]] u64 now() const { return clock_.now; }
    /// What the processor's time-stamp counter shows now.
    [[nodiscard]] u64 time_stamp() const { return clock_.now + clock_.time_stamp_offset; }
    [[nodiscard]] bool empty() const { return events_.empty(); }

    void visit_state(state::Visitor& visitor);

private:
    struct Event {
        u64 cycle = 0;
        u64 sequence = 0;
        EventTarget* target = nullptr;
        unsigned kind = 0;
    };
    struct Member {
        EventTarget* target;
        std::string_view name;
        unsigned kinds;
    };
    [[nodiscard]] const Member& member(const EventTarget& target) const;
    void visit_event(state::Visitor& visitor, Event& event);
    static bool later_first(const Event& a, const Event& b);
    void remove(const EventTarget& target, unsigned kind);
    void publish();

    memory::Clock& clock_;
    std::vector<Member> members_;
    std::vector<Event> events_;  ///< the next one last
    u64 next_sequence_ = 0;
};

}  // namespace ringfence::sim::devices
