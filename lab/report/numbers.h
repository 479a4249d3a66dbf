// SPDX-License-Identifier: MIT
// Whole numbers as people read them.
#pragma once

#include <string>

#include "base/types.h"

namespace ringfence::lab::report {

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(u64 number);
/// What `value` has more than `base`, with its sign: "+1,234", "-5", "+0".
[[nodiscard]] std::string grouped_difference(u64 value, u64 base);

}  // namespace ringfence::lab::report
