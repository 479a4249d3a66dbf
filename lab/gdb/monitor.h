// SPDX-License-Identifier: MIT
// GDB's `monitor` commands: what the machine knows that no register shows. None of them changes it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/machine/machine.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::gdb {

struct MonitorContext {
    sim::machine::Machine& machine;
    const std::function<const sim::observe::SymbolTable&()>& symbols;
};

/// The answer, in whole lines. That of a command that is unknown or makes no sense says so.
[[nodiscard]] std::string run_monitor(std::string_view command, const MonitorContext& context);

/// The words of a command.
using Words = std::vector<std::string_view>;

// Commands of their own files
// ------------------------------------------------------------------------

/// translate ADDRESS
[[nodiscard]] std::string show_walk(const MonitorContext& context, u64 address);
/// tables: the pages from `first` to `last`, neighbours with the same rights as one line.
[[nodiscard]] std::string show_tables(const MonitorContext& context, u64 first, u64 last);
[[nodiscard]] std::string show_tlbs(const MonitorContext& context);
/// caches ADDRESS
[[nodiscard]] std::string show_line(const MonitorContext& context, u64 address);
[[nodiscard]] std::string show_caches(const MonitorContext& context);

}  // namespace ringfence::lab::gdb
