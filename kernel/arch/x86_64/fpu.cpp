// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/fpu.h"

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "kernel/arch/x86_64/instructions.h"

namespace ringfence::kernel::arch {

namespace {

/// Places in the FXSAVE image. [intel/vol1]: 10.5.1, table 10-2
constexpr usize control_word = 0;
constexpr usize status_word = 2;
constexpr usize mxcsr = 24;
constexpr usize mxcsr_mask = 28;

constexpr u16 initial_control_word = 0x37f;  // all exceptions masked, 64-bit precision
constexpr u32 initial_mxcsr = 0x1f80;        // all exceptions masked, round to nearest
constexpr u32 oldest_mxcsr_mask = 0xffbf;    // if the CPU reports 0: no denormals-are-zero

FpuImage initial;
u32 usable_mxcsr = oldest_mxcsr_mask;

template <typename T>
T get(const FpuImage& image, usize offset) {
    T value;
    __builtin_memcpy(&value, image.bytes + offset, sizeof(T));
    return value;
}
template <typename T>
void put(FpuImage& image, usize offset, T value) {
    __builtin_memcpy(image.bytes + offset, &value, sizeof(T));
}

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

const FpuImage& initial_fpu_image() {
    return initial;
}

void sanitize_fpu(FpuImage& image) {
    put(image, mxcsr, get<u32>(image, mxcsr) & usable_mxcsr);
}

void enable_fpu() {
    write_cr0((read_cr0() | x86::Cr0::mp.mask | x86::Cr0::ne.mask) &
              ~(x86::Cr0::em.mask | x86::Cr0::ts.mask));
    write_cr4(read_cr4() | x86::Cr4::osfxsr.mask | x86::Cr4::osxmmexcpt.mask);
    asm volatile("fninit");
    FpuImage probe{};
    save_fpu(probe);
    if (const u32 mask = get<u32>(probe, mxcsr_mask); mask != 0) {
        usable_mxcsr = mask;
    }
    put(initial, control_word, initial_control_word);
    put(initial, mxcsr, initial_mxcsr);
    load_fpu(initial);
}

i32 x87_fault_code() {
    FpuImage image{};
    save_fpu(image);
    return code_of(get<u16>(image, status_word), get<u16>(image, control_word));
}

i32 sse_fault_code() {
    constexpr unsigned mask_shift = 7;
    FpuImage image{};
    save_fpu(image);
    const u32 value = get<u32>(image, mxcsr);
    return code_of(value, value >> mask_shift);
}

}  // namespace ringfence::kernel::arch
