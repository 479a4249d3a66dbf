// SPDX-License-Identifier: MIT
// What a signal carries with it, and Linux's layout of it. [linux/abi]:
// include/uapi/asm-generic/siginfo.h
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

struct SignalInformation {
    /// Which of the union members of siginfo_t are meaningful.
    enum class Kind : u8 { Sender, Fault, Child, Timer, Poll, Raw };

    u32 number = 0;
    i32 code = 0;
    i32 error = 0;
    Kind kind = Kind::Sender;
    u32 sender = 0;  ///< process id; of the child for SIGCHLD
    u32 sender_user = 0;
    i32 status = 0;      ///< SIGCHLD: exit code or signal; of a file, si_fd
    u64 value = 0;       ///< si_value, or si_addr for a fault, or si_band of a file
    u64 user_ticks = 0;  ///< SIGCHLD: si_utime and si_stime
    u64 system_ticks = 0;
    u32 timer = 0;    ///< of timer_create
    u32 overrun = 0;  ///< further expiries that it stands for
};

/// siginfo_t of the 64-bit ABI: 128 bytes.
struct SignalInformationImage {
    i32 number;
    i32 error;
    i32 code;
    i32 padding;
    union {
        struct {
            u32 sender;
            u32 user;
            u64 value;
        } queued;
        struct {
            u64 address;
        } fault;
        struct {
            u32 child;
            u32 user;
            i32 status;
            i32 padding;
            u64 user_ticks;
            u64 system_ticks;
        } child;
        struct {
            i32 timer;
            i32 overrun;
            u64 value;
        } timer;
        struct {
            u64 band;
            i32 descriptor;
        } poll;
        u8 all[112];
    } fields;
};
static_assert(sizeof(SignalInformationImage) == 128);

[[nodiscard]] SignalInformationImage to_image(const SignalInformation& information);
/// For rt_sigqueueinfo: what a program filled in.
[[nodiscard]] SignalInformation from_image(const SignalInformationImage& image);

}  // namespace ringfence::kernel
