// SPDX-License-Identifier: MIT
// What the parts of the monitor look at, and where they report. All of it outlives them.
#pragma once

#include "audit/user_tables.h"
#include "lab/prove/violation.h"
#include "sim/machine/debug_view.h"

namespace ringfence::lab::prove {

struct WatchContext {
    sim::machine::DebugView view;
    const audit::UserTables& tables;
    const audit::Manifest& manifest;
    ViolationSink& sink;
};

}  // namespace ringfence::lab::prove
