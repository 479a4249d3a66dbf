// SPDX-License-Identifier: MIT
// Far transfers where selectors are paragraphs, and the way into virtual-8086 mode.
// [intel/vol2]: CALL, JMP, RET, IRET/IRETD/IRETQ: "REAL-ADDRESS-MODE", "VIRTUAL-8086-MODE"
#pragma once

#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/system_transfer.h"

namespace ringfence::sim::isa::x86 {

// Each takes words of `bytes` (2 or 4) from the stack, or puts them there. False: cpu.pending is
// set, and nothing has changed.

[[nodiscard]] bool go_to_paragraph(Cpu& cpu, u16 selector, u64 offset, Transfer how, u64 return_rip,
                                   unsigned bytes);
/// `arguments` bytes are dropped from the stack.
[[nodiscard]] bool far_return_to_paragraph(Cpu& cpu, unsigned bytes, u64 arguments);
[[nodiscard]] bool iret_to_paragraph(Cpu& cpu, unsigned bytes);

/// The first three words of the frame of IRETD, and what it reads the others from.
struct Virtual8086Frame {
    u64 rip = 0;
    u64 code_selector = 0;
    u64 rflags = 0;
    StackReader& stack;
};
/// IRETD at CPL 0 with VM set in the flags that it pops.
[[nodiscard]] bool return_to_virtual_8086(Cpu& cpu, const Virtual8086Frame& frame);

}  // namespace ringfence::sim::isa::x86
