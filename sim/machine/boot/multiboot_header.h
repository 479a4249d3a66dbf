// SPDX-License-Identifier: MIT
// Whether a file asks for multiboot. [multiboot/1]: 3.1
#pragma once

#include <span>
#include <string>

#include "abi/multiboot.h"
#include "base/result.h"

namespace ringfence::sim::machine::boot {

struct MultibootHeader {
    abi::multiboot::Header header;  ///< without HeaderFlags::has_addresses the rest is 0
    u64 offset;                     ///< in the file
};

/// The first header in the part of the file that is searched. Any bytes are safe to look at.
Result<MultibootHeader, std::string> find_multiboot_header(std::span<const u8> file);

}  // namespace ringfence::sim::machine::boot
