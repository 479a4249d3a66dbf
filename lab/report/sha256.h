// SPDX-License-Identifier: MIT
// The digest by which reports name a program's output. [nist/fips180]: FIPS 180-4, SHA-256
#pragma once

#include <string>
#include <string_view>

namespace ringfence::lab::report {

/// The SHA-256 digest of `bytes` as 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace ringfence::lab::report
