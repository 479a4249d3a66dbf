// SPDX-License-Identifier: MIT
// The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words.
// [rfc/1071]
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::kernel::net {

class Checksum {
public:
    /// Adds bytes. Of several parts, only the last may have an odd size.
    void add(std::span<const u8> bytes);
    /// Adds one 16-bit word of the host's byte order.
    void add_word(u16 value);
    /// What goes into the checksum field; 0 over data that include a right checksum.
    [[nodiscard]] u16 value() const;

private:
    u64 sum_ = 0;  ///< of words as the host reads them; [rfc/1071] 2 (B): the order does not matter
};

}  // namespace ringfence::kernel::net
