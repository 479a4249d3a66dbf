// SPDX-License-Identifier: MIT
// Restricted transactional memory, where the CPU has it.
#pragma once

#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// Cycles until what follows a fence behind XBEGIN begins.
Thousandths begin_transaction(Workbench& bench);
/// The same of an XEND that commits.
Thousandths end_transaction(Workbench& bench);
/// From an XABORT to the first instruction where XBEGIN leads then.
Thousandths abort_transaction(Workbench& bench);

}  // namespace ringfence::measurements
