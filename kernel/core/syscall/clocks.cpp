// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/clocks.h"

#include <array>
#include <optional>

#include "kernel/core/syscall/cpu_clocks.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel::syscalls {

namespace {

using Shown = ClockTraits::Shown;

constexpr std::array<std::optional<ClockTraits>, 12> make_clocks() {
    std::array<std::optional<ClockTraits>, 12> clocks;
    const auto set = [&](Clock clock, const ClockTraits& traits) {
        clocks[static_cast<u32>(clock)] = traits;
    };
    const auto usual = [](Shown shown) {
        return ClockTraits{.shown = shown, .drives_timers = true, .drives_timer_files = true};
    };
    const auto alarm = [](Shown shown) {
        return ClockTraits{.shown = shown,
                           .drives_timers = true,
                           .drives_timer_files = true,
                           .wakes_from_suspend = true};
    };
    set(Clock::Realtime, usual(Shown::Realtime));
    set(Clock::Monotonic, usual(Shown::Monotonic));
    set(Clock::ProcessCpu, {.shown = Shown::CpuTime});
    set(Clock::ThreadCpu, {.shown = Shown::CpuTime});
    set(Clock::MonotonicRaw, {.shown = Shown::Monotonic});
    set(Clock::RealtimeCoarse, {.shown = Shown::Realtime, .coarse = true});
    set(Clock::MonotonicCoarse, {.shown = Shown::Monotonic, .coarse = true});
    set(Clock::BootTime, usual(Shown::Monotonic));
    set(Clock::RealtimeAlarm, alarm(Shown::Realtime));
    set(Clock::BootTimeAlarm, alarm(Shown::Monotonic));
    set(Clock::International, {.shown = Shown::Realtime, .drives_timers = true});
    return clocks;
}
constexpr auto clocks = make_clocks();

}  // namespace

const ClockTraits* traits_of(u32 clock) {
    return clock < clocks.size() && clocks[clock] ? &*clocks[clock] : nullptr;
}

bool is_clock(u32 clock) {
    return static_cast<i32>(clock) < 0 || traits_of(clock) != nullptr;
}

Fallible<u64> read_clock(u32 clock) {
    const ClockTraits* const traits = traits_of(clock);
    if (traits != nullptr && traits->shown != Shown::CpuTime) {
        return traits->shown == Shown::Realtime ? realtime_now() : monotonic_now();
    }
    RF_TRY_ASSIGN(subject, cpu_time_of(clock, ClockUse::Reading));
    return subject.now();
}

Fallible<TimerRequest> read_timer_request(Pointer value, u32 clock, bool absolute) {
    RF_TRY_ASSIGN(now, read_clock(clock));
    return read_timer_request(value, {.shown = now, .queue = monotonic_now()}, absolute);
}

Fallible<TimerRequest> read_timer_request(Pointer value, const ClockNow& now, bool absolute) {
    RF_TRY_ASSIGN(given, read_user<TimerSpec>(value));
    if (!is_valid(given.interval) || !is_valid(given.remaining)) {
        return Error{Errno::Einval};
    }
    const u64 time = to_nanoseconds(given.remaining);
    if (time == 0) {
        return TimerRequest{.interval = to_nanoseconds(given.interval)};
    }
    const u64 passed_already = absolute ? now.shown : 0;
    const u64 left = time > passed_already ? time - passed_already : 0;
    return TimerRequest{.first = deadline_after(now.queue, left),
                        .interval = to_nanoseconds(given.interval)};
}

}  // namespace ringfence::kernel::syscalls
