// SPDX-License-Identifier: MIT
// Signal numbers, codes and default actions. [linux/abi]: signal(7),
// include/uapi/asm-generic/siginfo.h. The numbers are those of x86 and Arm.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

inline constexpr u32 signal_count = 64;  ///< signals are 1 to 64
inline constexpr u32 first_realtime_signal = 32;

namespace signals {
inline constexpr u32 hangup = 1;
inline constexpr u32 interrupt = 2;
inline constexpr u32 quit = 3;
inline constexpr u32 illegal = 4;
inline constexpr u32 trap = 5;
inline constexpr u32 abort = 6;
inline constexpr u32 bus = 7;
inline constexpr u32 floating_point = 8;
inline constexpr u32 kill = 9;
inline constexpr u32 user1 = 10;
inline constexpr u32 segment = 11;
inline constexpr u32 user2 = 12;
inline constexpr u32 pipe = 13;
inline constexpr u32 alarm = 14;
inline constexpr u32 terminate = 15;
inline constexpr u32 stack_fault = 16;
inline constexpr u32 child = 17;
inline constexpr u32 resume = 18;  ///< SIGCONT
inline constexpr u32 stop = 19;
inline constexpr u32 terminal_stop = 20;
inline constexpr u32 terminal_input = 21;
inline constexpr u32 terminal_output = 22;
inline constexpr u32 urgent = 23;
inline constexpr u32 cpu_limit = 24;
inline constexpr u32 file_size_limit = 25;
inline constexpr u32 virtual_alarm = 26;
inline constexpr u32 profiling = 27;
inline constexpr u32 window_change = 28;
inline constexpr u32 io = 29;
inline constexpr u32 power = 30;
inline constexpr u32 bad_system_call = 31;
}  // namespace signals

/// si_code values that the core sends.
namespace signal_codes {
inline constexpr i32 user = 0;             ///< SI_USER
inline constexpr i32 kernel = 128;         ///< SI_KERNEL
inline constexpr i32 queue = -1;           ///< SI_QUEUE
inline constexpr i32 timer = -2;           ///< SI_TIMER
inline constexpr i32 message = -3;         ///< SI_MESGQ
inline constexpr i32 thread = -6;          ///< SI_TKILL
inline constexpr i32 map_error = 1;        ///< SEGV_MAPERR
inline constexpr i32 access_error = 2;     ///< SEGV_ACCERR
inline constexpr i32 bus_address = 2;      ///< BUS_ADRERR
inline constexpr i32 io = -5;              ///< SI_SIGIO
inline constexpr i32 trap_breakpoint = 1;  ///< TRAP_BRKPT
inline constexpr i32 child_exited = 1;
inline constexpr i32 child_killed = 2;
inline constexpr i32 child_dumped = 3;
inline constexpr i32 child_trapped = 4;
inline constexpr i32 child_stopped = 5;
inline constexpr i32 child_continued = 6;
}  // namespace signal_codes

[[nodiscard]] constexpr bool is_signal(u32 number) {
    return number >= 1 && number <= signal_count;
}

enum class DefaultAction : u8 { Terminate, Dump, Ignore, Stop, Continue };

/// What happens to a process that has not asked for anything else. `number` is 1 to 64.
[[nodiscard]] DefaultAction default_action(u32 number);

}  // namespace ringfence::kernel
