// SPDX-License-Identifier: MIT
// CPU time, split into what was spent in user mode and what was spent in the kernel.
//
// How long a thread has had the CPU is known exactly, but not in which mode: entering and leaving
// the kernel reads no clock. So each tick of the timer is counted for the mode that it interrupts,
// and the exact total is divided as the ticks are.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

enum class CpuMode : u8 { User, System };

/// Nanoseconds.
struct CpuTimes {
    u64 user = 0;
    u64 system = 0;

    [[nodiscard]] constexpr u64 total() const { return user + system; }
    constexpr CpuTimes& operator+=(const CpuTimes& other) {
        user += other.user;
        system += other.system;
        return *this;
    }
    constexpr bool operator==(const CpuTimes&) const = default;
};

/// Ticks of the timer; fewer than 2^32 in all.
struct TickCounts {
    u64 user = 0;
    u64 system = 0;

    constexpr void count(CpuMode mode) { ++(mode == CpuMode::User ? user : system); }
    constexpr TickCounts& operator+=(const TickCounts& other) {
        user += other.user;
        system += other.system;
        return *this;
    }
};

/// Divides one subject's time, and remembers what it said: neither part ever goes back, and the
/// parts always make up the largest total that was given.
class CpuTimeSplit {
public:
    /// `total`: nanoseconds until now. While no tick has met the kernel all is user time, and while
    /// none has met user mode all that is new is the kernel's, if any has met that.
    CpuTimes divide(u64 total, const TickCounts& ticks);

private:
    CpuTimes told_;
};

}  // namespace ringfence::kernel
