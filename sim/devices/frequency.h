// SPDX-License-Identifier: MIT
// Exact conversion between core cycles and a device's own ticks.
#pragma once

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::sim::devices {

/// A device clock of `device_hz` beside a core clock of `core_hz`; both started at 0 together.
class Frequency {
public:
    constexpr Frequency(u64 device_hz, u64 core_hz) : device_hz_(device_hz), core_hz_(core_hz) {
        RF_ASSERT(device_hz > 0 && core_hz > 0);
    }

    /// Whole ticks that have passed at `cycle`.
    [[nodiscard]] constexpr u64 ticks_at(u64 cycle) const {
        return static_cast<u64>(Wide{cycle} * device_hz_ / core_hz_);
    }
    /// The first cycle at which `ticks` have passed; the last representable one if that is later.
    [[nodiscard]] constexpr u64 cycle_of(u64 ticks) const {
        const Wide cycle = (Wide{ticks} * core_hz_ + device_hz_ - 1) / device_hz_;
        return cycle > last ? last : static_cast<u64>(cycle);
    }

private:
    __extension__ using Wide = unsigned __int128;
    static constexpr u64 last = ~u64{0} - 1;

    u64 device_hz_;
    u64 core_hz_;
};

}  // namespace ringfence::sim::devices
