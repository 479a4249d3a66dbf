// SPDX-License-Identifier: MIT
// Time as programs see it.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

inline constexpr u64 nanoseconds_per_second = 1'000'000'000;
inline constexpr u64 nanoseconds_per_microsecond = 1'000;
inline constexpr u64 microseconds_per_second = 1'000'000;
/// What times(), /proc/PID/stat and AT_CLKTCK count in. [linux/abi]: USER_HZ
inline constexpr u64 clock_ticks_per_second = 100;
inline constexpr u64 nanoseconds_per_clock_tick = nanoseconds_per_second / clock_ticks_per_second;
/// No deadline.
inline constexpr u64 never = ~u64{0};

/// Linux's `struct timespec` for 64-bit programs.
struct TimeSpec {
    i64 seconds = 0;
    i64 nanoseconds = 0;
};

/// Linux's `struct timeval` for 64-bit programs.
struct TimeValue {
    i64 seconds = 0;
    i64 microseconds = 0;
};

[[nodiscard]] constexpr TimeSpec to_timespec(u64 nanoseconds) {
    return {static_cast<i64>(nanoseconds / nanoseconds_per_second),
            static_cast<i64>(nanoseconds % nanoseconds_per_second)};
}
[[nodiscard]] constexpr TimeValue to_timeval(u64 nanoseconds) {
    return {static_cast<i64>(nanoseconds / nanoseconds_per_second),
            static_cast<i64>(nanoseconds % nanoseconds_per_second / nanoseconds_per_microsecond)};
}

/// True for a time that Linux takes as a duration: not negative, less than a second of nanoseconds.
[[nodiscard]] constexpr bool is_valid(const TimeSpec& time) {
    return time.seconds >= 0 && time.nanoseconds >= 0 &&
           time.nanoseconds < static_cast<i64>(nanoseconds_per_second);
}
[[nodiscard]] constexpr bool is_valid(const TimeValue& time) {
    return time.seconds >= 0 && time.microseconds >= 0 &&
           time.microseconds < static_cast<i64>(microseconds_per_second);
}

/// Nanoseconds of a valid time; what does not fit becomes `never`.
[[nodiscard]] constexpr u64 to_nanoseconds(const TimeSpec& time) {
    constexpr u64 most_seconds = never / nanoseconds_per_second - 1;
    return static_cast<u64>(time.seconds) > most_seconds
               ? never
               : static_cast<u64>(time.seconds) * nanoseconds_per_second +
                     static_cast<u64>(time.nanoseconds);
}
[[nodiscard]] constexpr u64 to_nanoseconds(const TimeValue& time) {
    return to_nanoseconds(TimeSpec{time.seconds, time.microseconds * 1000});
}

/// `now + duration`, or `never` if that is past the end of time.
[[nodiscard]] constexpr u64 deadline_after(u64 now, u64 duration) {
    return duration > never - now ? never : now + duration;
}

/// Nanoseconds since the kernel started.
[[nodiscard]] u64 monotonic_now();
/// Nanoseconds since 1970.
[[nodiscard]] u64 realtime_now();
/// The same, as files are stamped.
[[nodiscard]] inline TimeSpec file_time_now() {
    return to_timespec(realtime_now());
}

}  // namespace ringfence::kernel
