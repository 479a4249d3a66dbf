// SPDX-License-Identifier: MIT
// The console, where it is a terminal: its wire ends at the user's own terminal on the host. It is
// one only if the host asks for it; otherwise programs' standard streams are pipes (fs/devices.h).
#pragma once

#include <string_view>

#include "kernel/core/terminal/terminal.h"

namespace ringfence::kernel {

inline constexpr DeviceNumber console_device{5, 1};

/// Makes the console a terminal if the kernel's command line says so: `console_terminal=24x80`, its
/// rows and columns. Call once, before there are devices.
void set_up_console(std::string_view command_line);

/// Null unless it is a terminal.
[[nodiscard]] Ref<Terminal> console_terminal();

}  // namespace ringfence::kernel
