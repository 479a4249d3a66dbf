// SPDX-License-Identifier: MIT
// Instructions that not every CPU has.
#pragma once

namespace ringfence::measurements {

[[nodiscard]] bool has_aes();
/// Restricted transactional memory.
[[nodiscard]] bool has_transactions();

}  // namespace ringfence::measurements
