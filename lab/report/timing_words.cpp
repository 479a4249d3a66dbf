// SPDX-License-Identifier: MIT
#include "lab/report/timing_words.h"

#include <fmt/format.h>

namespace ringfence::lab::report {

using sim::observe::TimingEvent;
using Kind = TimingEvent::Kind;

namespace {

/// The kind of entry that covers so much.
std::string entry_name(u32 shift) {
    constexpr u32 page_shift = 12;
    constexpr u32 bits = 9;
    switch ((shift - page_shift) / bits) {
        case 0:
            return "page-table entry";
        case 1:
            return "page-directory entry";
        case 2:
            return "page-directory-pointer entry";
        case 3:
            return "PML4 entry";
        default:
            return "PML5 entry";
    }
}

}  // namespace

std::string cache_name(TimingEvent::Cache cache) {
    switch (cache) {
        case TimingEvent::Cache::L1d:
            return "L1D";
        case TimingEvent::Cache::L1i:
            return "L1I";
        case TimingEvent::Cache::L2:
            return "L2";
        case TimingEvent::Cache::Llc:
            break;
    }
    return "LLC";
}

std::string kind_name(Kind kind) {
    switch (kind) {
        case Kind::Retired:
            return "retired";
        case Kind::Access:
            return "access";
        case Kind::Delivered:
            return "delivered";
        case Kind::PathBegins:
            return "path_begins";
        case Kind::Transient:
            return "transient";
        case Kind::TransientAccess:
            return "transient_access";
        case Kind::Forbidden:
            return "forbidden_load";
        case Kind::PathEnds:
            return "path_ends";
        case Kind::Filled:
            return "filled";
        case Kind::Evicted:
            return "evicted";
        case Kind::Flushed:
            break;
    }
    return "flushed";
}

std::string what_happens(const TimingEvent& event) {
    switch (event.kind) {
        case Kind::Retired:
            return fmt::format("retires at cycle {}", event.cycle);
        case Kind::Access:
            return fmt::format("accesses {:#x}", event.address.value());
        case Kind::Delivered:
            return fmt::format("delivers exception or interrupt {}", event.number);
        case Kind::PathBegins:
            return fmt::format("begins a path that is squashed at cycle {}", event.cycle);
        case Kind::Transient:
            return fmt::format("begins at cycle {} on a path that is squashed", event.cycle);
        case Kind::TransientAccess:
            return fmt::format("accesses {:#x} on a path that is squashed", event.address.value());
        case Kind::Forbidden:
            return fmt::format("loads {:#x}, which is forbidden", event.address.value());
        case Kind::PathEnds:
            return "does no more on the squashed path";
        case Kind::Filled:
            return "brings " + line_words(event);
        case Kind::Evicted:
            return fmt::format("drives line {:#x} out of {} set {}", event.physical.value(),
                               cache_name(event.cache), event.number);
        case Kind::Flushed:
            break;
    }
    return fmt::format("flushes line {:#x}", event.physical.value());
}

std::string line_words(const TimingEvent& filled) {
    return fmt::format("line {:#x} into {} set {}", filled.physical.value(),
                       cache_name(filled.cache), filled.number);
}

std::string reason_words(const TimingEvent& forbidden) {
    switch (forbidden.reason) {
        case TimingEvent::Reason::Supervisor:
            return "a supervisor page";
        case TimingEvent::Reason::NoPage:
            return fmt::format("no translation: the page walk ended at a {} that is not present",
                               entry_name(forbidden.number));
        case TimingEvent::Reason::Malformed:
            return fmt::format(
                "no translation: the page walk ended at a {} with a reserved bit set",
                entry_name(forbidden.number));
        case TimingEvent::Reason::Other:
            break;
    }
    return "not a load that this page allows";
}

}  // namespace ringfence::lab::report
