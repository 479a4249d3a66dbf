// SPDX-License-Identifier: MIT
// Loads from one address after another, each of which waits for the one before: what translation
// costs, for any pattern of addresses.
#pragma once

#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

/// The code of an AddressChain.
class LoadSequence {
public:
    explicit LoadSequence(Workbench& bench);
    /// A load; the one after it will be from `next`.
    void add(u64 next);
    void finish();
    /// Cycles for each of the last `count` loads, of which the first is from `address`.
    Thousandths cycles_per_load(u64 count, u64 address);

private:
    TimedLoop write_launcher(u64 first, u64 address);

    Workbench& bench_;
    u64 loads_ = 0;
};

/// Loads from `address(0)` to `address(most - 1)`, of which the last so many can be gone through.
/// All that lies there is 0, and may be one line of memory under many addresses, so that data
/// caches do not matter.
template <typename AddressOf>
class AddressChain {
public:
    AddressChain(Workbench& bench, u64 most, AddressOf address)
        : most_(most), address_(address), loads_(bench) {
        for (u64 i = 0; i < most; ++i) {
            loads_.add(i + 1 == most ? 0 : address(i + 1));
        }
        loads_.finish();
    }

    [[nodiscard]] u64 most() const { return most_; }
    Thousandths cycles_per_load(u64 count) {
        return loads_.cycles_per_load(count, address_(most_ - count));
    }

private:
    u64 most_;
    AddressOf address_;
    LoadSequence loads_;
};

}  // namespace ringfence::measurements
