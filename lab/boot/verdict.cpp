// SPDX-License-Identifier: MIT
#include "lab/boot/verdict.h"

#include <fmt/format.h>

namespace ringfence::lab::boot {

using sim::machine::MachineEnd;
using Reason = MachineEnd::Reason;

namespace {

constexpr u32 status_mask = 0xff;

Verdict exit_verdict(u32 code, ExitConvention convention) {
    const u32 value = convention == ExitConvention::Qemu ? (code << 1U) | 1U : code;
    return {.reason = "debug-exit", .exit_status = static_cast<int>(value & status_mask)};
}

Verdict panic_verdict(const MachineEnd& end, const ConsoleRecord& console) {
    const std::string why =
        console.panic().empty() ? "its reason is not on the console" : console.panic();
    return {.reason = "panic",
            .exit_status = status::panic,
            .message = fmt::format("kernel panic: {} ({})", why, end.detail),
            .is_failure = true};
}

/// Ways in which a panic can end a machine.
bool is_death(Reason reason) {
    return reason == Reason::Reset || reason == Reason::TripleFault ||
           reason == Reason::HaltedForever || reason == Reason::PowerOff;
}

Verdict failure(const char* reason, int exit_status, std::string message) {
    return {.reason = reason,
            .exit_status = exit_status,
            .message = std::move(message),
            .is_failure = true};
}

}  // namespace

Verdict judge_stuck(const MachineEnd& end, const ConsoleRecord& console, const std::string& how) {
    if (!console.panic().empty()) {
        return panic_verdict(end, console);
    }
    return failure("no-progress", status::stuck, "no progress: " + how + ": " + end.detail);
}

Verdict judge(const MachineEnd& end, const ConsoleRecord& console, const Expectations& expected) {
    const bool warm_reset = end.reason == Reason::Reset && !end.power_cycle;
    if ((warm_reset && expected.panics_by_warm_reset) ||
        (!console.panic().empty() && is_death(end.reason))) {
        return panic_verdict(end, console);
    }
    switch (end.reason) {
        case Reason::DebugExit:
            return exit_verdict(end.exit_code, expected.convention);
        case Reason::PowerOff:
            return {.reason = "power-off", .exit_status = status::orderly};
        case Reason::Reset:
            return {.reason = "reset", .exit_status = status::orderly};
        case Reason::TripleFault:
            return failure("triple-fault", status::triple_fault, "triple fault: " + end.detail);
        case Reason::HaltedForever:
            if (console.says_halted()) {
                return {.reason = "halted", .exit_status = status::orderly};
            }
            return failure("halted", status::halted,
                           "halted, and nothing can wake the processor: " + end.detail);
        case Reason::Paused:
            return {.reason = "reached",
                    .exit_status = status::orderly,
                    .message = "reached " + end.detail};
        case Reason::InstructionLimit:
            return {.reason = "instruction-limit",
                    .exit_status = status::limit,
                    .message = "stopped " + end.detail};
        case Reason::Stuck:
            return judge_stuck(end, console, end.how);
        case Reason::Stopped:
            break;
    }
    return {.reason = "stopped", .exit_status = status::limit};
}

Verdict saved_verdict(const std::string& file) {
    return {.reason = "saved", .exit_status = status::orderly, .message = "saved as " + file};
}

}  // namespace ringfence::lab::boot
