// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/clock.h"
#include "kernel_arch/vdso.h"

using ringfence::u8;

extern "C" {
extern const u8 __vdso_image_start[];
extern const u8 __vdso_image_end[];
}

namespace ringfence::kernel::arch {

std::span<const u8> vdso_image() {
    return {__vdso_image_start, __vdso_image_end};
}

std::span<const u8> vdso_data() {
    return {reinterpret_cast<const u8*>(&clock_page()), sizeof(ClockPage)};
}

}  // namespace ringfence::kernel::arch
