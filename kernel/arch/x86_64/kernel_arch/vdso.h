// SPDX-License-Identifier: MIT
// Code and data of the kernel's making that every program finds in its own memory, so that it can
// tell the time without entering the kernel. [linux/abi]: vdso(7)
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::kernel::arch {

/// An ELF shared object, which programs find by AT_SYSINFO_EHDR. Before it in memory is a page with
/// vdso_data().
[[nodiscard]] std::span<const u8> vdso_image();
/// What that page begins with; the rest is zero. Final once the clock runs, and no secret: a
/// program could measure it.
[[nodiscard]] std::span<const u8> vdso_data();

}  // namespace ringfence::kernel::arch
