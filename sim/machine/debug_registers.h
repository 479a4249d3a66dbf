// SPDX-License-Identifier: MIT
// The registers of the processor as a debugger shows them: plain values, and a way back.
#pragma once

#include <array>

#include "base/types.h"

namespace ringfence::sim::cpu {
class Cpu;
}  // namespace ringfence::sim::cpu

namespace ringfence::sim::machine {

struct DebugRegisters {
    enum Segment : u8 { Es, Cs, Ss, Ds, Fs, Gs };  ///< as instructions encode them

    std::array<u64, 16> general{};  ///< RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15
    u64 rip = 0;                    ///< within CS
    u64 rflags = 0;
    std::array<u16, 6> selectors{};
    std::array<u64, 6> bases{};
    u64 kernel_gs_base = 0;  ///< IA32_KERNEL_GS_BASE
    u64 cr0 = 0;
    u64 cr2 = 0;
    u64 cr3 = 0;
    u64 cr4 = 0;
    u64 cr8 = 0;
    u64 efer = 0;
    std::array<std::array<u8, 10>, 8> st{};  ///< ST(0) first
    u16 x87_control = 0;
    u16 x87_status = 0;
    u16 x87_tags = 0;  ///< two bits a register, as FNSTENV stores them
    u16 x87_opcode = 0;
    u64 x87_instruction = 0;
    u64 x87_data = 0;
    std::array<std::array<u8, 16>, 16> xmm{};
    std::array<std::array<u8, 16>, 16> upper{};  ///< bits 255:128 of the YMM registers
    u32 mxcsr = 0;
    unsigned cpl = 0;
    bool code64 = false;  ///< 64-bit mode

    /// The linear address of the instruction that comes next.
    [[nodiscard]] u64 linear_rip() const {
        return code64 ? rip : static_cast<u32>(rip + bases[Cs]);
    }
    bool operator==(const DebugRegisters&) const = default;
};

[[nodiscard]] DebugRegisters read_registers(const cpu::Cpu& cpu);

/// Takes over the general registers, RIP, RFLAGS but for VM, the bases of FS and GS,
/// IA32_KERNEL_GS_BASE, CR2, and the x87 and SSE registers. False, and nothing has changed, if any
/// other value differs, or one is none that the register can have.
[[nodiscard]] bool write_registers(cpu::Cpu& cpu, const DebugRegisters& wanted);

}  // namespace ringfence::sim::machine
