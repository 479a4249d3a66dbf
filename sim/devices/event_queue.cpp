// SPDX-License-Identifier: MIT
#include "sim/devices/event_queue.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "base/compiler.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

void EventQueue::enroll(EventTarget& target, std::string_view name, unsigned kinds) {
    RF_ASSERT(std::ranges::find(members_, name, &Member::name) == members_.end());
    members_.push_back({&target, name, kinds});
}

const EventQueue::Member& EventQueue::member(const EventTarget& target) const {
    const auto found = std::ranges::find(members_, &target, &Member::target);
    RF_ASSERT(found != members_.end());
    return *found;
}

bool EventQueue::later_first(const Event& a, const Event& b) {
    return std::tuple{a.cycle, a.sequence} > std::tuple{b.cycle, b.sequence};
}

void EventQueue::schedule(EventTarget& target, unsigned kind, u64 cycle) {
    RF_ASSERT(kind < member(target).kinds);
    remove(target, kind);
    const Event event{cycle, next_sequence_++, &target, kind};
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

void EventQueue::visit_state(state::Visitor& visitor) {
    constexpr usize most_events = 1024;
    visitor.field("next_sequence", next_sequence_);
    visitor.groups("events", events_, most_events,
                   [&](Event& event) { visit_event(visitor, event); });
    visitor.require(std::ranges::is_sorted(events_, later_first), "events out of order");
    // Not state: clock_, members_ (wiring)
    if (visitor.loading()) {
        publish();
    }
}

void EventQueue::visit_event(state::Visitor& visitor, Event& event) {
    constexpr usize longest_target = 32;
    std::string name{event.target != nullptr ? member(*event.target).name : ""};
    visitor.text("target", name, longest_target);
    visitor.field("kind", event.kind);
    visitor.field("cycle", event.cycle);
    visitor.field("sequence", event.sequence);
    const auto found = std::ranges::find(members_, name, &Member::name);
    visitor.require(found != members_.end() && event.kind < found->kinds,
                    "an event that no device expects");
    visitor.require(event.sequence < next_sequence_, "an event from the future");
    if (visitor.ok() && visitor.loading()) {
        event.target = found->target;
    }
}

void EventQueue::publish() {
    clock_.next_event = events_.empty() ? ~u64{0} : events_.back().cycle;
}

}  // namespace ringfence::sim::devices
