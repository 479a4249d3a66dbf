// SPDX-License-Identifier: MIT
// Which kernel addresses are entry and exit code, as told by whoever started the machine.
#pragma once

#include <array>

#include "base/address.h"
#include "sim/observe/address_range.h"
#include "sim/observe/counters.h"

namespace ringfence::sim::observe {

/// Without ranges, all supervisor code is Place::Kernel.
struct PlaceMap {
    static constexpr usize most_exits = 6;

    AddressRange entry{};
    /// May lie within `entry`, and have the last word then.
    std::array<AddressRange, most_exits> exits{};

    [[nodiscard]] constexpr Place of(VirtualAddress rip, bool user) const {
        if (user) {
            return Place::User;
        }
        for (const AddressRange& exit : exits) {
            if (exit.contains(rip)) {
                return Place::Exit;
            }
        }
        return entry.contains(rip) ? Place::Entry : Place::Kernel;
    }
};

}  // namespace ringfence::sim::observe
