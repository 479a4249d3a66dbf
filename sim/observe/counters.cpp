// SPDX-License-Identifier: MIT
#include "sim/observe/counters.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::observe {

void Counters::visit_state(state::Visitor& visitor) {
    visitor.field("instructions", instructions);
    visitor.field("entries", entries);
    visitor.field("entries_from_user", entries_from_user);
    visitor.field("exceptions", exceptions);
    visitor.field("root_writes", root_writes);
    visitor.field("root_writes_no_flush", root_writes_no_flush);
    visitor.field("invlpg", invlpg);
    visitor.field("invpcid", invpcid);
    visitor.field("tlb_flushes", tlb_flushes);
    visitor.field("page_walks", page_walks);
    visitor.field("transactions", transactions);
    visitor.field("transaction_aborts", transaction_aborts);
    visitor.field("unimplemented_instructions", unimplemented_instructions);
}

}  // namespace ringfence::sim::observe
