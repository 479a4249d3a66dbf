// SPDX-License-Identifier: MIT
// Finds where a cost begins.
#pragma once

#include "base/types.h"

namespace ringfence::measurements {

/// The largest n from `low` to `high` for which `holds(n)`, if it holds up to some n and for none
/// beyond; `low` is taken to hold. Tries `low`, then twice as much and so on, then halves the rest;
/// n differs from the answer's bound by less than `step`.
template <typename Predicate>
u64 largest(u64 low, u64 high, u64 step, Predicate holds) {
    u64 good = low;
    u64 bad = high + 1;
    for (u64 next = low < step ? step : 2 * low; next <= high; next *= 2) {
        if (!holds(next)) {
            bad = next;
            break;
        }
        good = next;
    }
    while (bad - good > step) {
        const u64 middle = good + (bad - good) / 2 / step * step;
        const u64 next = middle == good ? good + step : middle;
        (holds(next) ? good : bad) = next;
    }
    return good;
}

}  // namespace ringfence::measurements
