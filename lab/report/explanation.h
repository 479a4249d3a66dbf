// SPDX-License-Identifier: MIT
// How a secret got out, or where it did not, step by step: as text, and as a trace that Chrome and
// Perfetto show.
#pragma once

#include <string>
#include <vector>

#include "lab/attack/attack_run.h"
#include "lab/relational/names.h"

namespace ringfence::lab::report {

/// One thing that happened, or that took a while.
struct Step {
    enum class Track : u8 {
        Program,    ///< what retires
        Transient,  ///< what is squashed
        Cache,
        Other,  ///< the same on the path of the run with the other secret
    };
    Track track = Track::Program;
    u64 cycle = 0;
    u64 end = 0;  ///< at least `cycle`
    std::string name;
    std::string text;  ///< the line of the timeline; empty: not a line of its own
};

/// The steps of a run's chain, by cycle; empty if it has none.
[[nodiscard]] std::vector<Step> steps_of(const relational::Result& result,
                                         const relational::Names& names);

/// A timeline for each reported run that was examined.
[[nodiscard]] std::string explanation(const std::vector<attack::AttackRun>& runs,
                                      const relational::Names& names);

/// The same as Chrome's trace event format (JSON): a process for each run, a thread for each track.
/// A cycle is shown as a microsecond.
[[nodiscard]] std::string trace_events(const std::vector<attack::AttackRun>& runs,
                                       const relational::Names& names);

}  // namespace ringfence::lab::report
