// SPDX-License-Identifier: MIT
// What the timed engine tells, in words.
#pragma once

#include <string>

#include "sim/observe/timing_event.h"

namespace ringfence::lab::report {

/// "L1D", as people write it.
[[nodiscard]] std::string cache_name(sim::observe::TimingEvent::Cache cache);
/// Names in JSON: "transient_access".
[[nodiscard]] std::string kind_name(sim::observe::TimingEvent::Kind kind);
/// What happens, without when and by whom: "loads 0x1000 on a path that is squashed".
[[nodiscard]] std::string what_happens(const sim::observe::TimingEvent& event);
/// "line 0x3c5000 into L1D set 0".
[[nodiscard]] std::string line_words(const sim::observe::TimingEvent& filled);
/// Why a load is forbidden: "no translation: the walk ended at an entry of ... that is not there".
[[nodiscard]] std::string reason_words(const sim::observe::TimingEvent& forbidden);

}  // namespace ringfence::lab::report
