// SPDX-License-Identifier: MIT
// What verbs that show something else say of what the monitor saw.
#pragma once

#include "lab/prove/monitor.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::prove {

/// Says on standard error whether every rule held, and each violation with names from `symbols`.
void say_what_was_seen(const Monitor& monitor, const sim::observe::SymbolTable& symbols);

}  // namespace ringfence::lab::prove
