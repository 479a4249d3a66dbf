// SPDX-License-Identifier: MIT
// Who is told which lines the caches take and give up.
#pragma once

#include "base/address.h"
#include "sim/observe/timing_event.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

class LineListener {
public:
    using Change = observe::TimingEvent::Kind;  ///< Filled, Evicted or Flushed
    using CacheName = observe::TimingEvent::Cache;

    virtual ~LineListener() = default;
    /// `set` is the line's in that cache. A flush is one change, of all caches.
    virtual void line_changed(Change change, CacheName cache, u32 set, PhysicalAddress line,
                              Cycle at) = 0;
};

}  // namespace ringfence::sim::timing
