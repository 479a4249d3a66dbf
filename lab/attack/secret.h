// SPDX-License-Identifier: MIT
// The bytes that an experiment hides in the kernel.
#pragma once

#include <string>

#include "base/types.h"

namespace ringfence::lab::attack {

/// `count` bytes from 1 to 255 that `seed` decides. 0 is left out because the attacks cannot tell
/// it from a read that fetched nothing.
[[nodiscard]] std::string make_secret(u64 seed, usize count);

}  // namespace ringfence::lab::attack
