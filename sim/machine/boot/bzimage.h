// SPDX-License-Identifier: MIT
// A checked view of a bzImage. Any bytes are safe to look at. [linux/boot]
#pragma once

#include <span>
#include <string>

#include "abi/linux_boot.h"
#include "base/result.h"

namespace ringfence::sim::machine::boot {

struct BzImage {
    /// Whether a file claims to be one.
    static bool is_one(std::span<const u8> file);
    /// Checks the header. The error is one line that says what is wrong.
    static Result<BzImage, std::string> parse(std::span<const u8> file);

    /// The compressed kernel within `code`. An error if the header names none, or one outside.
    [[nodiscard]] Result<std::span<const u8>, std::string> payload() const;
    [[nodiscard]] bool has_64_bit_entry() const;

    /// Fields that are newer than the file's protocol version, or lie past its end, are what the
    /// protocol says they stand for.
    abi::linux_boot::SetupHeader header;
    std::span<const u8> code;  ///< what follows the real-mode part
};

}  // namespace ringfence::sim::machine::boot
