// SPDX-License-Identifier: MIT
// The digest by which reports name a program's output. [nist/fips180]: FIPS 180-4, SHA-256
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/types.h"

namespace ringfence::lab::report {

/// Takes bytes as they come.
class Sha256 {
public:
    void add(std::string_view bytes);
    /// Of all bytes so far, as 64 hexadecimal digits.
    [[nodiscard]] std::string digest() const;

private:
    static constexpr usize block_bytes = 64;
    using Block = std::array<u8, block_bytes>;
    using State = std::array<u32, 8>;
    static void add_block(State& state, const Block& block);

    /// [nist/fips180]: 5.3.3
    State state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    Block block_{};  ///< its first `total_ % block_bytes` bytes are waiting
    u64 total_ = 0;
};

/// The SHA-256 digest of `bytes` as 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace ringfence::lab::report
