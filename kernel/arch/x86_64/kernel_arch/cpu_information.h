// SPDX-License-Identifier: MIT
// What the CPU is and can do, as programs are told in /proc/cpuinfo.
#pragma once

#include "kernel/core/containers/string.h"

namespace ringfence::kernel::arch {

/// The paragraph of the only processor, with the blank line at its end. [linux/abi]: proc(5),
/// cpuinfo
void append_cpu_information(String& text);

}  // namespace ringfence::kernel::arch
