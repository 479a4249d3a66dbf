// SPDX-License-Identifier: MIT
// The instructions that a cache attack is made of, each with the ordering that it needs.
#pragma once

#include <cstdint>

namespace attacks {

/// Cycles of the time-stamp counter; everything before has completed.
inline std::uint64_t time_before() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("mfence\n\tlfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
    return std::uint64_t{high} << 32U | low;
}

/// The same; what comes after has not begun.
inline std::uint64_t time_after() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high)::"rcx", "memory");
    return std::uint64_t{high} << 32U | low;
}

inline void flush(const void* address) {
    asm volatile("clflush (%0)" ::"r"(address) : "memory");
}

/// Waits until earlier flushes and stores have left the core.
inline void wait_for_memory() {
    asm volatile("mfence\n\tlfence" ::: "memory");
}

inline void touch(const void* address) {
    std::uint8_t value = 0;
    asm volatile("movb (%1), %0" : "=q"(value) : "r"(address) : "memory");
}

/// Cycles that one load takes.
inline std::uint64_t time_load(const void* address) {
    const std::uint64_t before = time_before();
    touch(address);
    return time_after() - before;
}

}  // namespace attacks
