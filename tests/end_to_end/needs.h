// SPDX-License-Identifier: MIT
// What the result of a program depends on, and not every host or machine has.
#pragma once

#include <string_view>

#include "tests/end_to_end/host_inet6.h"
#include "tests/end_to_end/host_segments.h"
#include "tests/end_to_end/host_tracing.h"
#include "tests/end_to_end/setups.h"

namespace ringfence::end_to_end {

enum class Needs {
    Nothing,
    LocalSegments,  ///< of the host
    Inet6,          ///< of the host
    Tracing,        ///< of the host
    Debugging,      ///< by the host's gdb, registers included
    ResumeFlag,     ///< in what faults save
};

/// Why a program cannot be compared in `place`; empty if it can.
inline std::string_view obstacle(Needs needs, const Place& place) {
    switch (needs) {
        case Needs::Nothing:
            break;
        case Needs::LocalSegments:
            return host_has_local_segments()
                       ? ""
                       : "this host's processor does not see what modify_ldt writes";
        case Needs::Inet6:
            return host_has_inet6() ? "" : "this host has no IPv6";
        case Needs::Tracing:
            return host_lets_programs_trace() ? "" : "this host does not let programs trace others";
        case Needs::Debugging:
            if (const auto cannot_trace = obstacle(Needs::Tracing, place); !cannot_trace.empty()) {
                return cannot_trace;
            }
            return host_gdb_writes_registers()
                       ? ""
                       : "this host's processor has more registers than gdb can write";
        case Needs::ResumeFlag:
            return std::string_view(place.name).starts_with("qemu")
                       ? "QEMU does not say that a fault has just been left"
                       : "";
    }
    return "";
}

}  // namespace ringfence::end_to_end
