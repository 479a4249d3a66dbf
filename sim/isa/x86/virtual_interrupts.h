// SPDX-License-Identifier: MIT
// Who may touch the interrupt flag: by privilege the program itself, or VIF stands in for it where
// CR4.VME and CR4.PVI say so. [intel/vol3]: 21.3.3, 21.4
#pragma once

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

enum class InterruptControl : u8 { Own, Virtual, None };

/// What CLI and STI change.
[[nodiscard]] inline InterruptControl interrupt_control(const Cpu& cpu) {
    using arch::x86::Cr4;
    constexpr unsigned user_cpl = 3;
    if (!cpu.protected_mode() || cpu.cpl() <= cpu.iopl()) {
        return InterruptControl::Own;
    }
    const bool extended = cpu.virtual_8086() ? Cr4::vme.test(cpu.cr4())
                                             : Cr4::pvi.test(cpu.cr4()) && cpu.cpl() == user_cpl;
    return extended ? InterruptControl::Virtual : InterruptControl::None;
}

/// The flags that PUSHF, of `bytes`, shows a virtual-8086 program. False: cpu.pending holds #GP(0).
[[nodiscard]] bool flags_for_virtual_8086(Cpu& cpu, unsigned bytes, u64& out);

/// RFLAGS after POPF or IRET, of `bytes`, took `image` in virtual-8086 mode. False: cpu.pending
/// holds #GP(0).
[[nodiscard]] bool flags_from_virtual_8086(Cpu& cpu, u64 image, unsigned bytes, u64& out);

/// How INT n of a virtual-8086 program is handled. [intel/vol3]: table 21-2
enum class Redirection : u8 { ProtectedMode, Program };
/// False: cpu.pending holds #GP(0) or #PF.
[[nodiscard]] bool find_redirection(Cpu& cpu, u8 vector, Redirection& out);

}  // namespace ringfence::sim::isa::x86
