// SPDX-License-Identifier: MIT
// The two ways of running a program: with the kernel in its page table, or without.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

enum class Design : u8 {
    Shared,    ///< user mode runs on the kernel's table, as everywhere before 2018
    Isolated,  ///< user mode runs on a table of its own that holds the manifest (KPTI)
};

/// Marks the functions that change a program's design, which an NMI may interrupt anywhere.
#define RF_DESIGN_CHANGE [[gnu::section(".text.design_change")]]

}  // namespace ringfence::kernel::arch
