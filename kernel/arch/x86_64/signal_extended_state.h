// SPDX-License-Identifier: MIT
// The extended state in a signal frame, as Linux lays it out. [linux/abi]: struct _fpstate_64,
// struct _xstate and struct _fpx_sw_bytes of arch/x86/include/uapi/asm/sigcontext.h
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

inline constexpr u64 signal_extended_state_alignment = 64;

/// What it takes of the stack, which depends on the CPU.
[[nodiscard]] u64 signal_extended_state_bytes();
/// Whether the frame has more than FXSAVE's part: UC_FP_XSTATE says so to programs.
[[nodiscard]] bool signal_frame_has_xsave();

/// Writes the registers as they are to `place`, which is aligned. False for a bad stack.
[[nodiscard]] bool push_extended_state(VirtualAddress place);
/// Loads what is at `place`, or the initial state if that is 0. False if the place is bad, or if
/// the CPU would refuse what is there: then, too, the registers are in their initial state.
[[nodiscard]] bool pop_extended_state(VirtualAddress place);

}  // namespace ringfence::kernel::arch
