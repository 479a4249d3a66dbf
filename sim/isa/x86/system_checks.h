// SPDX-License-Identifier: MIT
// Conditions that many system instructions begin with.
#pragma once

#include "arch/x86/cpu_identity.h"
#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// #GP(0) above CPL 0.
[[nodiscard]] inline bool require_cpl0(Cpu& cpu) {
    return cpu.cpl() == 0 || cpu.raise(cpu::ExceptionVector::GeneralProtection);
}

/// #UD outside 64-bit mode.
[[nodiscard]] inline bool require_code64(Cpu& cpu) {
    return cpu.code64() || cpu.raise(cpu::ExceptionVector::InvalidOpcode);
}

/// #UD in real and in virtual-8086 mode.
[[nodiscard]] inline bool require_protected_mode(Cpu& cpu) {
    return !cpu.uses_paragraphs() || cpu.raise(cpu::ExceptionVector::InvalidOpcode);
}

/// SGDT, SIDT, SLDT, SMSW and STR tell user mode nothing while CR4.UMIP is set.
/// [intel/vol3]: 2.5
[[nodiscard]] inline bool require_descriptor_reads(Cpu& cpu) {
    return cpu.cpl() == 0 || !arch::x86::Cr4::umip.test(cpu.cr4()) ||
           cpu.raise(cpu::ExceptionVector::GeneralProtection);
}

[[nodiscard]] inline bool is_amd(const Cpu& cpu) {
    return cpu.model.description().identity.vendor == arch::x86::Vendor::Amd;
}

}  // namespace ringfence::sim::isa::x86
