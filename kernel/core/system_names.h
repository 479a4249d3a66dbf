// SPDX-License-Identifier: MIT
// What uname and /proc say the system is.
#pragma once

#include "kernel/core/containers/string.h"

namespace ringfence::kernel {

struct SystemNames {
    static constexpr std::string_view system = "Linux";
    /// The Linux whose interface the kernel follows. Programs compare the leading numbers.
    static constexpr std::string_view release = "6.1.0-ringfence";
    static constexpr std::string_view version = "#1 Ringfence";
    String node{"ringfence"};
};

SystemNames& system_names();

}  // namespace ringfence::kernel
