// SPDX-License-Identifier: MIT
// Far jumps and calls whose selector names a system descriptor: call gates, and outside long mode
// task gates and TSSs. [intel/vol3]: 5.8.3 to 5.8.5, 8.3
#pragma once

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

enum class Transfer : u8 { Jump, Call };

// `descriptor` is the first half of what `selector` names. False: cpu.pending is set, and nothing
// has changed.

/// In long mode.
[[nodiscard]] bool go_by_gate64(Cpu& cpu, u16 selector, u64 descriptor, Transfer how,
                                u64 return_rip);
/// In protected mode outside long mode.
[[nodiscard]] bool go_by_system_descriptor(Cpu& cpu, u16 selector, u64 descriptor, Transfer how,
                                           u64 return_rip);

}  // namespace ringfence::sim::isa::x86
