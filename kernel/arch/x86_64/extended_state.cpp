// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/extended_state.h"

#include "arch/x86/cr4.h"
#include "kernel/arch/x86_64/extended_state_image.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/core/log/log.h"

namespace ringfence::kernel::arch {

namespace {

ExtendedStateSupport support;
u32 image_bytes = ExtendedStateImage::header;
ExtendedState initial;
u32 usable_mxcsr = ExtendedStateImage::oldest_mxcsr_mask;

/// The MXCSR bits that the CPU has, as it tells in each image.
u32 read_mxcsr_mask() {
    ExtendedState probe{};
    copy_extended_state(probe);
    const u32 mask = ExtendedStateImage::mxcsr_mask.get(probe);
    return mask != 0 ? mask : ExtendedStateImage::oldest_mxcsr_mask;
}

void enable_components() {
    write_cr4(read_cr4() | x86::Cr4::osxsave.mask);
    write_xcr0(support.components);
    image_bytes = ThisCpu{}.cpuid(x86::cpuid_extended_state, 0).ebx;
    if (image_bytes > sizeof(ExtendedState)) {
        panic("the CPU's extended state is larger than its image");
    }
}

}  // namespace

const ExtendedState& initial_extended_state() {
    return initial;
}

bool is_loadable(const ExtendedState& image) {
    return is_loadable(image, support, usable_mxcsr);
}

const ExtendedStateSupport& extended_state() {
    return support;
}

u32 extended_state_bytes() {
    return image_bytes;
}

void enable_extended_state() {
    support = extended_state_support(ThisCpu{});
    if (support.xsave()) {
        enable_components();
    }
    usable_mxcsr = read_mxcsr_mask();
    initial = make_initial_extended_state();
    load_extended_state(initial);
}

}  // namespace ringfence::kernel::arch
