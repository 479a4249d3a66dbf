// SPDX-License-Identifier: MIT
#include "lab/machine/counted.h"

namespace ringfence::lab::machine {

namespace {

sim::observe::Counters since(const sim::observe::Counters& end,
                             const sim::observe::Counters& start) {
    sim::observe::Counters result = end;
    const auto subtract = [](auto& values, const auto& before) {
        for (usize i = 0; i < values.size(); ++i) {
            values[i] -= before[i];
        }
    };
    subtract(result.instructions, start.instructions);
    subtract(result.entries, start.entries);
    subtract(result.entries_from_user, start.entries_from_user);
    subtract(result.exceptions, start.exceptions);
    result.root_writes -= start.root_writes;
    result.root_writes_no_flush -= start.root_writes_no_flush;
    result.invlpg -= start.invlpg;
    result.invpcid -= start.invpcid;
    result.tlb_flushes -= start.tlb_flushes;
    result.page_walks -= start.page_walks;
    return result;
}

}  // namespace

void put_counts(MachineOutcome& outcome, const Counted& begin, const Counted& end) {
    outcome.counters = since(end.counters, begin.counters);
    if (!end.timed || !begin.timed) {
        return;
    }
    sim::observe::CostStack stack = end.timed->stack;
    stack -= begin.timed->stack;
    outcome.stack = stack;
    outcome.cycles = stack.total();
    outcome.instruction_tlb_misses =
        end.timed->instruction_tlb_misses - begin.timed->instruction_tlb_misses;
    outcome.data_tlb_misses = end.timed->data_tlb_misses - begin.timed->data_tlb_misses;
    outcome.branches = end.timed->branches - begin.timed->branches;
    outcome.mispredictions = end.timed->mispredictions - begin.timed->mispredictions;
}

void put_unimplemented(MachineOutcome& outcome, const sim::machine::Machine& machine) {
    for (const auto& row : machine.unimplemented()) {
        outcome.unimplemented.push_back(
            {row.first_rip.value(), row.instruction, row.bytes, row.user, row.count});
    }
}

}  // namespace ringfence::lab::machine
