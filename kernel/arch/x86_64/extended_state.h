// SPDX-License-Identifier: MIT
// Extended state of programs: the registers of x87, SSE and AVX. The kernel uses none of them, so
// they are live in the CPU for as long as a thread runs, and change hands when threads do: all of
// them at every switch, so that no program ever runs with another's. [intel/vol1]: chapter 13
#pragma once

#include "kernel/arch/x86_64/extended_state_support.h"
#include "kernel_arch/thread_state.h"

extern "C" {
void extended_state_save(ringfence::u8* image);
void extended_state_copy(ringfence::u8* image);
void extended_state_load(const ringfence::u8* image);
}

namespace ringfence::kernel::arch {

/// Saves to the running thread's own image. Where the CPU can tell, components that have not
/// changed since they were loaded from there are not written again: between
/// load_extended_state(image) and this nothing else may have written to it.
inline void save_extended_state(ExtendedState& image) {
    extended_state_save(image.bytes);
}
/// All registers, those in their initial state too, to an image that was zero: what the CPU leaves
/// alone in it stays so.
inline void copy_extended_state(ExtendedState& image) {
    extended_state_copy(image.bytes);
}
/// Loads every register. Images from programs go through is_loadable first: this must not fault.
inline void load_extended_state(const ExtendedState& image) {
    extended_state_load(image.bytes);
}

/// Registers as a new program finds them. [sysv/abi]: 3.4.1
const ExtendedState& initial_extended_state();
/// Whether loading `image`, in the standard format, raises no exception on this CPU.
[[nodiscard]] bool is_loadable(const ExtendedState& image);

/// What this CPU has. Valid once enable_extended_state has run.
[[nodiscard]] const ExtendedStateSupport& extended_state();
/// What an image takes of ExtendedState.
[[nodiscard]] u32 extended_state_bytes();
/// Turns on what extended_state_support finds, behind enable_fpu, and loads the initial state.
/// Once, at boot. Panics if the CPU wants more room than ExtendedState has.
void enable_extended_state();

}  // namespace ringfence::kernel::arch
