// SPDX-License-Identifier: MIT
#include "guest/measurements/transactions.h"

#include "guest/measurements/features.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

constexpr u64 copies = 16;

Thousandths cost_of(Workbench& bench, const char* code) {
    return cycles_per_copy(bench, nothing(), snippet(code), copies);
}

}  // namespace

/// An abort undoes two nested transactions as it does one: the second XBEGIN is the difference.
Thousandths begin_transaction(Workbench& bench) {
    if (!has_transactions()) {
        return not_here;
    }
    return cost_of(bench, "transaction.begin_begin_abort") -
           cost_of(bench, "transaction.begin_abort") - cost_of(bench, "transaction.fence");
}

Thousandths end_transaction(Workbench& bench) {
    if (!has_transactions()) {
        return not_here;
    }
    return cost_of(bench, "transaction.begin_end") - begin_transaction(bench) -
           2 * cost_of(bench, "transaction.fence");
}

Thousandths abort_transaction(Workbench& bench) {
    if (!has_transactions()) {
        return not_here;
    }
    return cost_of(bench, "transaction.begin_abort") - begin_transaction(bench) -
           2 * cost_of(bench, "transaction.fence");
}

}  // namespace ringfence::measurements
