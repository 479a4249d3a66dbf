// SPDX-License-Identifier: MIT
// The kernel command line that makes an unmodified Linux at home on this machine.
#pragma once

#include <string>

#include "base/types.h"

namespace ringfence::lab::boot {

struct LinuxSetting {
    u64 clock_hz = 0;                  ///< of the time-stamp counter
    bool decompresses_itself = false;  ///< and would then choose where it runs
};

/// The default options, without those that `appended` sets itself, then `appended`. A default goes
/// when the same option, or one that says the opposite, is appended; `docs/boot.md` has the list
/// with reasons.
[[nodiscard]] std::string linux_command_line(const LinuxSetting& setting,
                                             const std::string& appended);

/// What a panic of a kernel does that was started with the default options: it resets the machine
/// without a power cycle, while an orderly restart is one with. False once `command_line` says
/// otherwise.
[[nodiscard]] bool panics_by_warm_reset(const std::string& command_line);

}  // namespace ringfence::lab::boot
