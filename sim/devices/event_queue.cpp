// SPDX-License-Identifier: MIT
#include "sim/devices/event_queue.h"

#include <algorithm>
#include <tuple>

namespace ringfence::sim::devices {

void EventQueue::schedule(EventTarget& target, unsigned kind, u64 cycle) {
    remove(target, kind);
    const Event event{cycle, next_sequence_++, &target, kind};
    const auto later_first = [](const Event& a, const Event& b) {
        return std::tuple{a.cycle, a.sequence} > std::tuple{b.cycle, b.sequence};
    };
    events_.insert(std::ranges::upper_bound(events_, event, later_first), event);
    publish();
}

void EventQueue::cancel(EventTarget& target, unsigned kind) {
    remove(target, kind);
    publish();
}

void EventQueue::run_due() {
    while (!events_.empty() && events_.back().cycle <= clock_.now) {
        const Event event = events_.back();
        events_.pop_back();
        event.target->event_due(event.kind, event.cycle);
    }
    publish();
}

void EventQueue::remove(const EventTarget& target, unsigned kind) {
    std::erase_if(
        events_, [&](const Event& event) { return event.target == &target && event.kind == kind; });
}

void EventQueue::publish() {
    clock_.next_event = events_.empty() ? ~u64{0} : events_.back().cycle;
}

}  // namespace ringfence::sim::devices
