// SPDX-License-Identifier: MIT
// Which kernel addresses are entry and exit code, as told by whoever started the machine.
#pragma once

#include "base/address.h"
#include "sim/observe/counters.h"

namespace ringfence::sim::observe {

struct AddressRange {
    VirtualAddress first;
    VirtualAddress end;  ///< one past the last byte; first == end is empty

    [[nodiscard]] constexpr bool contains(VirtualAddress address) const {
        return address >= first && address < end;
    }
};

/// Without ranges, all supervisor code is Place::Kernel.
struct PlaceMap {
    AddressRange entry{};
    AddressRange exit{};

    [[nodiscard]] constexpr Place of(VirtualAddress rip, bool user) const {
        if (user) {
            return Place::User;
        }
        if (entry.contains(rip)) {
            return Place::Entry;
        }
        return exit.contains(rip) ? Place::Exit : Place::Kernel;
    }
};

}  // namespace ringfence::sim::observe
