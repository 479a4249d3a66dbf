// SPDX-License-Identifier: MIT
// An exception that an instruction raised and that is not delivered yet.
#pragma once

#include "arch/x86/exception_vector.h"
#include "base/address.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

using arch::x86::ExceptionVector;

struct PendingException {
    ExceptionVector vector{};
    u32 error_code = 0;
    /// CR2, for page faults.
    VirtualAddress address{};
    /// INT n, INT3, INTO and INT1: the gate's DPL is checked, and RIP is that of the next
    /// instruction.
    bool software = false;

    void visit_state(state::Visitor& visitor);
};

}  // namespace ringfence::sim::cpu
