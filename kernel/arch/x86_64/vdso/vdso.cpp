// SPDX-License-Identifier: MIT
// Runs in user mode: what programs ask often and the kernel need not be entered for. [linux/abi]:
// vdso(7)
#include "kernel/arch/x86_64/vdso/clock_page.h"
#include "kernel/core/time.h"

using namespace ringfence;
using namespace ringfence::kernel;
using arch::ClockPage;

/// The page before the image (vdso.ld).
extern "C" const ClockPage clock_page __attribute__((visibility("hidden")));

namespace {

struct TimeZone {
    int minutes_west;
    int daylight;
};

/// Not before older loads, so that time does not go back from one look to the next. [intel/vol2]:
/// RDTSC
u64 ordered_tsc() {
    u32 low = 0;
    u32 high = 0;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return u64{high} << 32 | low;
}

u64 monotonic() {
    return clock_page.monotonic(ordered_tsc());
}

u64 realtime() {
    return clock_page.boot_realtime + monotonic();
}

enum SystemCall : u64 {
#define RF_SYSCALL(number, name) call_##name = number,
#include "kernel_arch/syscall_numbers.inc"
#undef RF_SYSCALL
};

i64 system_call(SystemCall number, u64 first, void* second) {
    u64 result = number;
    asm volatile("syscall" : "+a"(result) : "D"(first), "S"(second) : "rcx", "r11", "memory");
    return static_cast<i64>(result);
}

/// Clocks as the kernel has them (core/syscall/clocks.h).
enum Clock : u32 {
    Realtime = 0,
    Monotonic = 1,
    MonotonicRaw = 4,
    RealtimeCoarse = 5,
    MonotonicCoarse = 6,
    BootTime = 7,
    International = 11,
};

}  // namespace

extern "C" {

int __vdso_clock_gettime(int clock, TimeSpec* time) {
    switch (static_cast<u32>(clock)) {
        case Realtime:
        case RealtimeCoarse:
        case International:
            *time = to_timespec(realtime());
            return 0;
        case Monotonic:
        case MonotonicRaw:
        case MonotonicCoarse:
        case BootTime:
            *time = to_timespec(monotonic());
            return 0;
        default:
            return static_cast<int>(system_call(call_clock_gettime, static_cast<u64>(clock), time));
    }
}

int __vdso_clock_getres(int clock, TimeSpec* resolution) {
    return static_cast<int>(system_call(call_clock_getres, static_cast<u64>(clock), resolution));
}

int __vdso_gettimeofday(TimeValue* time, TimeZone* zone) {
    if (time != nullptr) {
        *time = to_timeval(realtime());
    }
    if (zone != nullptr) {
        *zone = {};
    }
    return 0;
}

i64 __vdso_time(i64* time) {
    const i64 now = static_cast<i64>(realtime() / nanoseconds_per_second);
    if (time != nullptr) {
        *time = now;
    }
    return now;
}

/// There is one CPU.
i64 __vdso_getcpu(u32* cpu, u32* node, void* /*unused*/) {
    if (cpu != nullptr) {
        *cpu = 0;
    }
    if (node != nullptr) {
        *node = 0;
    }
    return 0;
}

int clock_gettime(int, TimeSpec*) __attribute__((weak, alias("__vdso_clock_gettime")));
int clock_getres(int, TimeSpec*) __attribute__((weak, alias("__vdso_clock_getres")));
int gettimeofday(TimeValue*, TimeZone*) __attribute__((weak, alias("__vdso_gettimeofday")));
i64 time(i64*) __attribute__((weak, alias("__vdso_time")));
i64 getcpu(u32*, u32*, void*) __attribute__((weak, alias("__vdso_getcpu")));
}
