// SPDX-License-Identifier: MIT
// What the CPU can do, as programs are told in /proc/cpuinfo.
#pragma once

#include "kernel/core/containers/string.h"

namespace ringfence::kernel::arch {

/// The names of the features in use, each after a blank. [linux/abi]: proc(5), cpuinfo
void append_cpu_flags(String& text);

}  // namespace ringfence::kernel::arch
