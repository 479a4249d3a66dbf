// SPDX-License-Identifier: MIT
// Contents of the model-specific registers that the processor itself uses.
#pragma once

#include "arch/x86/msr.h"
#include "arch/x86/xsave.h"
#include "base/types.h"
#include "sim/cpu/memory_type_ranges.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// FS and GS base are in the register file, EFER in the control registers, IA32_TSC_ADJUST in
/// the clock, the APIC's in the interrupt controller. [intel/vol4]: 2.1
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
    /// Of XSETBV; no MSR, but kept with them.
    u64 xcr0 = arch::x86::Xcr0::reset;
    u64 pat = 0x0007'0406'0007'0406;
    u64 misc_enable = arch::x86::MiscEnable::reset;
    u64 spec_ctrl = 0;
    u64 tsx_ctrl = 0;
    u64 mcg_status = 0;
    u64 debug_control = 0;
    u64 system_configuration = arch::x86::SystemConfiguration::firmware;
    MemoryTypeRanges memory_types;

    void visit_state(state::Visitor& visitor);
};

}  // namespace ringfence::sim::cpu
