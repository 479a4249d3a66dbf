// SPDX-License-Identifier: MIT
// Stacks outside 64-bit mode, before they are loaded: frames of events and calls are checked and
// pushed while the old stack is still the current one.
#pragma once

#include <span>

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// A stack segment with a pointer into it.
struct LegacyStack {
    cpu::Segment segment;
    u64 base = 0;
    u64 pointer = 0;
    /// Whose rights its accesses have: below 3 they are the supervisor's.
    unsigned cpl = 0;

    /// The stack that is loaded now.
    static LegacyStack current(const Cpu& cpu);

    /// Of the stack pointer: by SS.B. [intel/vol3]: 3.4.5
    [[nodiscard]] unsigned bits() const;
};

/// The stack that the current TSS, of 16 or of 32 bits, has for privilege `cpl`. The errors are #TS
/// and #SS, with `external` (EXT) in their codes; false: cpu.pending is set.
/// [intel/vol2]: INT n, "INTER-PRIVILEGE"; CALL, "MORE-PRIVILEGE"
[[nodiscard]] bool find_inner_stack(Cpu& cpu, unsigned cpl, u32 external, LegacyStack& out);

/// Pushes `words`, the last one first, each of `bytes` (2 or 4), and moves `stack.pointer`. Either
/// all of them are written or none: then #SS with code `error`, or #PF, is in cpu.pending.
[[nodiscard]] bool push_words(Cpu& cpu, LegacyStack& stack, std::span<const u64> words,
                              unsigned bytes, u32 error);

/// Loads SS and the stack pointer.
void load_legacy_stack(Cpu& cpu, const LegacyStack& stack);

}  // namespace ringfence::sim::isa::x86
