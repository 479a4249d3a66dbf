// SPDX-License-Identifier: MIT
// What the end of a booted machine means, and the exit status that says so.
#pragma once

#include <string>

#include "lab/boot/console_record.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::boot {

/// --exit-status: what becomes of the number that a guest writes to the debug exit port.
enum class ExitConvention {
    Qemu,   ///< (V << 1) | 1, cut to 8 bits, as QEMU's isa-debug-exit: never 0, always odd
    Guest,  ///< V, cut to 8 bits
};

/// Ends that are no guest's own have even statuses, which QEMU's convention leaves free.
namespace status {
inline constexpr int orderly = 0;  ///< powered off, reset, or halted after Linux said so
inline constexpr int panic = 112;
inline constexpr int triple_fault = 114;
inline constexpr int halted = 116;
inline constexpr int stuck = 118;
inline constexpr int limit = 124;
}  // namespace status

struct Verdict {
    std::string reason;  ///< one word or two, for JSON: "power-off", "triple-fault"
    int exit_status;
    std::string message{};    ///< for people, one line; empty if the end needs no comment
    bool is_failure = false;  ///< the guest did not end by its own will
};

struct Expectations {
    ExitConvention convention = ExitConvention::Qemu;
    /// See panics_by_warm_reset.
    bool panics_by_warm_reset = false;
};

/// Of a guest that was ended because it made no progress, `how` in words. A Linux that panicked
/// before may stay like that.
[[nodiscard]] Verdict judge_stuck(const sim::machine::MachineEnd& end, const ConsoleRecord& console,
                                  const std::string& how);

/// `end` is not Stopped: what stopped a machine from outside knows better.
[[nodiscard]] Verdict judge(const sim::machine::MachineEnd& end, const ConsoleRecord& console,
                            const Expectations& expected);

/// Of a run that was to end with a snapshot, and did.
[[nodiscard]] Verdict saved_verdict(const std::string& file);

}  // namespace ringfence::lab::boot
