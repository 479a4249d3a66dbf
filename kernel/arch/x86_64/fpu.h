// SPDX-License-Identifier: MIT
// Floating point registers of programs: the kernel uses none itself, so they are live in the CPU
// for as long as a thread runs, and change hands when threads do.
#pragma once

#include "kernel_arch/thread_state.h"

namespace ringfence::kernel::arch {

/// FXSAVE64 and FXRSTOR64. [intel/vol2]: FXSAVE
inline void save_fpu(FpuImage& image) {
    asm volatile("fxsaveq %0" : "=m"(image));
}
/// MXCSR bits that the CPU lacks fault: images from programs go through sanitize_fpu first.
inline void load_fpu(const FpuImage& image) {
    asm volatile("fxrstorq %0" ::"m"(image));
}

/// Registers as a new program finds them. [sysv/abi]: 3.4.1
const FpuImage& initial_fpu_image();
/// Makes an image that a program supplied loadable.
void sanitize_fpu(FpuImage& image);
/// Turns the FPU and SSE on. Once, at boot.
void enable_fpu();

/// Why the last floating point exception was raised, as FPE_* of siginfo. [linux/abi]: sigaction(2)
[[nodiscard]] i32 x87_fault_code();
[[nodiscard]] i32 sse_fault_code();

}  // namespace ringfence::kernel::arch
