// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.h"

namespace ringfence::sim::observe {

struct AddressRange {
    VirtualAddress first;
    VirtualAddress end;  ///< one past the last byte; first == end is empty

    [[nodiscard]] constexpr bool contains(VirtualAddress address) const {
        return address >= first && address < end;
    }
};

}  // namespace ringfence::sim::observe
