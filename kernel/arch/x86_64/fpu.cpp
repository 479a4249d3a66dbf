// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/fpu.h"

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "kernel/arch/x86_64/instructions.h"

namespace ringfence::kernel::arch {

namespace {

/// The exception flags that both status registers share, and FPE_* in Linux's order of preference.
struct ExceptionCode {
    u32 flags;
    i32 code;
};
constexpr ExceptionCode exception_codes[] = {
    {0x01, 7},  // invalid operation: FPE_FLTINV
    {0x04, 3},  // zero divide: FPE_FLTDIV
    {0x08, 4},  // overflow: FPE_FLTOVF
    {0x12, 5},  // underflow or denormal: FPE_FLTUND
    {0x20, 6},  // precision: FPE_FLTRES
};

i32 code_of(u32 flags, u32 masks) {
    for (const auto& row : exception_codes) {
        if ((flags & ~masks & row.flags) != 0) {
            return row.code;
        }
    }
    return 0;
}

}  // namespace

void enable_fpu() {
    write_cr0((read_cr0() | x86::Cr0::mp.mask | x86::Cr0::ne.mask) &
              ~(x86::Cr0::em.mask | x86::Cr0::ts.mask));
    write_cr4(read_cr4() | x86::Cr4::osfxsr.mask | x86::Cr4::osxmmexcpt.mask);
}

/// These two instructions are among the few that do not raise a pending exception again.
/// [intel/vol1]: 8.6
i32 x87_fault_code() {
    u16 status;
    u16 control;
    asm volatile("fnstsw %0" : "=m"(status));
    asm volatile("fnstcw %0" : "=m"(control));
    return code_of(status, control);
}

i32 sse_fault_code() {
    constexpr unsigned mask_shift = 7;
    u32 mxcsr;
    asm volatile("stmxcsr %0" : "=m"(mxcsr));
    return code_of(mxcsr, mxcsr >> mask_shift);
}

}  // namespace ringfence::kernel::arch
