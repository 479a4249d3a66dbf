// SPDX-License-Identifier: MIT
// Text and bytes are the same memory seen by different libraries.
#pragma once

#include <span>
#include <string_view>

#include "base/types.h"

namespace ringfence::lab::machine {

[[nodiscard]] inline std::span<const u8> as_span(std::string_view bytes) {
    return {reinterpret_cast<const u8*>(bytes.data()), bytes.size()};
}

}  // namespace ringfence::lab::machine
