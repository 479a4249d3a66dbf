// SPDX-License-Identifier: MIT
// Checks and loads of CS and SS that far jumps, calls and returns share. Checks change nothing but
// accessed bits in descriptor tables.
#pragma once

#include "sim/isa/x86/descriptors.h"

namespace ringfence::sim::isa::x86 {

/// A code segment and an offset in it that passed all checks.
struct CodeTarget {
    u16 selector = 0;
    u64 descriptor = 0;
    u64 rip = 0;

    [[nodiscard]] unsigned dpl() const {
        return static_cast<unsigned>(SegmentDescriptor::dpl.get(descriptor));
    }
    [[nodiscard]] bool conforming() const { return SegmentDescriptor::conforming.test(descriptor); }
};

/// A stack segment, possibly null, that passed all checks.
struct StackTarget {
    u16 selector = 0;
    u64 descriptor = 0;
};

/// Whether the target runs in 64-bit mode.
[[nodiscard]] bool is_code64(const Cpu& cpu, u64 descriptor);

/// #GP(0) unless `rip` is canonical (64-bit targets) or within the limit (others).
[[nodiscard]] bool check_target_offset(Cpu& cpu, const CodeTarget& target);

/// The target of RET or IRET: its RPL is the new privilege level.
/// [intel/vol2]: RET, IRET/IRETD/IRETQ, "Operation"
[[nodiscard]] bool find_return_code(Cpu& cpu, u16 selector, u64 rip, CodeTarget& out);
/// The stack that goes with `code`, at privilege `cpl`. Null is allowed below CPL 3 in 64-bit mode.
[[nodiscard]] bool find_return_stack(Cpu& cpu, u16 selector, const CodeTarget& code, unsigned cpl,
                                     StackTarget& out);
/// The target of a far JMP or CALL without a gate: it runs at the current privilege level.
/// `descriptor` is the selector's. [intel/vol2]: JMP, CALL, "Operation"
[[nodiscard]] bool find_direct_code(Cpu& cpu, u16 selector, u64 descriptor, u64 rip,
                                    CodeTarget& out);

/// Loads CS, CPL and RIP.
void enter_code(Cpu& cpu, const CodeTarget& target, unsigned cpl);
/// Loads SS.
void load_stack(Cpu& cpu, const StackTarget& target);

}  // namespace ringfence::sim::isa::x86
