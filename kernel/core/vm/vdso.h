// SPDX-License-Identifier: MIT
// The vDSO in programs' memory: private mappings of one file that has no name.
#pragma once

#include "kernel/core/vm/memory_space.h"

namespace ringfence::kernel {

/// Maps it where there is room; gives the address of its ELF header.
Fallible<VirtualAddress> map_vdso(MemorySpace& space);

}  // namespace ringfence::kernel
