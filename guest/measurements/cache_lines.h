// SPDX-License-Identifier: MIT
// Single cache lines: out of all caches, and how far away one is.
#pragma once

#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

inline void flush_line(const void* address) {
    asm volatile("clflush (%0)" : : "r"(address) : "memory");
}
/// All that was begun has been done.
inline void wait_for_memory() {
    asm volatile("mfence; lfence" : : : "memory");
}
inline void load_line(const void* address) {
    asm volatile("movb (%0), %%al" : : "r"(address) : "rax", "memory");
}

/// Times loads of single lines.
class LineProbe {
public:
    explicit LineProbe(Workbench& bench);

    /// Cycles that a load takes beyond one that hits in the first level.
    u64 beyond_hit(u8* line) const;

private:
    TimedLoop load_;
    u64 hit_;
};

/// Longer than any line takes to come.
void wait_for_lines();

}  // namespace ringfence::measurements
