// SPDX-License-Identifier: MIT
// Contents of the model-specific registers that the processor itself uses.
#pragma once

#include "base/types.h"

namespace ringfence::sim::cpu {

/// FS and GS base are in the register file, EFER in the control registers. [intel/vol4]: 2.1
struct ModelSpecificRegisters {
    u64 star = 0;
    u64 lstar = 0;
    u64 cstar = 0;
    u64 fmask = 0;
    u64 kernel_gs_base = 0;
    u32 sysenter_cs = 0;
    u64 sysenter_esp = 0;
    u64 sysenter_eip = 0;
    u32 tsc_aux = 0;
    /// What RDTSC adds to the cycle count.
    u64 tsc_offset = 0;
    u64 pat = 0x0007'0406'0007'0406;
    u64 apic_base = 0xfee0'0900;
    u64 misc_enable = 1;
    u64 spec_ctrl = 0;
};

}  // namespace ringfence::sim::cpu
