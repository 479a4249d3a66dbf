// SPDX-License-Identifier: MIT
// What the kernel says of its isolation, held against what was seen (rule I22).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/machine/guest_session.h"
#include "lab/prove/monitor.h"

namespace ringfence::lab::prove {

/// Where what the kernel reported at the end of a run, or its program printed of
/// /proc/self/isolation, is not what a monitor of all its programs saw; a line each.
[[nodiscard]] std::vector<std::string> lies_of(const machine::GuestReport& report,
                                               std::string_view output, const Monitor& monitor);

}  // namespace ringfence::lab::prove
