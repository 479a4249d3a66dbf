// SPDX-License-Identifier: MIT
// One exception or interrupt on its way to the guest, and the ways there, by mode.
#pragma once

#include "arch/x86/selector_error_code.h"
#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// What is to be delivered.
struct Event {
    u8 vector = 0;
    bool software = false;  ///< INT n and kin: the gate's DPL is checked
    bool has_error_code = false;
    u32 error_code = 0;
    u64 return_rip = 0;
    u64 saved_rflags = 0;

    /// EXT in the error code of a fault while delivering this. [intel/vol3]: 6.13
    [[nodiscard]] u32 external() const {
        return software ? 0 : arch::x86::SelectorErrorCode::external.mask;
    }
    /// The error code that names the event's gate.
    [[nodiscard]] u32 gate_error() const {
        return arch::x86::SelectorErrorCode::of_vector(vector) | external();
    }
};

// Each: false means that cpu.pending holds what went wrong, and that nothing has changed but memory
// below the stack.

/// [intel/vol3]: 6.14
[[nodiscard]] bool deliver_in_long_mode(Cpu& cpu, const Event& event);
/// Outside long mode. [intel/vol3]: 6.11, 6.12; from virtual-8086 mode: 21.3
[[nodiscard]] bool deliver_in_protected_mode(Cpu& cpu, const Event& event);
/// [intel/vol3]: 21.1.4
[[nodiscard]] bool deliver_in_real_mode(Cpu& cpu, const Event& event);
/// A software interrupt of a virtual-8086 program to a handler of its own. [intel/vol3]: 21.3.3.4
[[nodiscard]] bool redirect_to_virtual_8086(Cpu& cpu, const Event& event);

}  // namespace ringfence::sim::isa::x86
