// SPDX-License-Identifier: MIT
// Decompresses what a bzImage carries, as its own code would.
#pragma once

#include <span>
#include <string>

#include "base/types.h"

namespace ringfence::lab::boot {

/// By the format that the bytes begin with: gzip, xz, LZ4 (the legacy frame, as kernels use it) or
/// zstd; the last four bytes are the size of the result. `file` names the kernel in messages.
/// Throws Failure::Own for another format, damaged data, and more than a gigabyte of result.
[[nodiscard]] std::string decompress(std::span<const u8> compressed, const std::string& file);

}  // namespace ringfence::lab::boot
