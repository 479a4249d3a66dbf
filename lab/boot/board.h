// SPDX-License-Identifier: MIT
#pragma once

namespace ringfence::lab::boot {

/// What a board may have or not.
struct Board {
    bool mp_table = false;  ///< sim::machine::MachineConfig says what these are
    bool test_device = false;
};

}  // namespace ringfence::lab::boot
