// SPDX-License-Identifier: MIT
// The stores that a load may find before they are in L1D.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/compiler.h"
#include "sim/state/forward.h"
#include "sim/timing/cycle.h"

namespace ringfence::sim::timing {

/// The newest stores by their numbers in program order. Those of squashed paths stay until the main
/// path's stores of the same numbers replace them: a path with n stores sees those before n only.
class StoreBuffer {
public:
    struct Store {
        u64 number = 0;
        u64 address = 0;
        u32 bytes = 0;
        Cycle data = never;       ///< its data can be forwarded
        Cycle committed = never;  ///< it is in L1D
    };

    explicit StoreBuffer(u32 store_queue);

    RF_ALWAYS_INLINE void add(const Store& store) {
        stores_[store.number & (stores_.size() - 1)] = store;
        const u64 first = store.address / granule;
        const u64 last = (store.address + store.bytes - 1) / granule;
        newest_[last % filter_size] = store.number + 1;
        for (u64 part = first; part < last; ++part) {
            newest_[part % filter_size] = store.number + 1;
        }
    }
    /// Of a store that was added.
    void commit(u64 number, Cycle at) { stores_[number & (stores_.size() - 1)].committed = at; }

    /// The stores of these numbers do not come; those of squashed paths may still stand there.
    void forget(u64 first, u32 count) {
        for (u64 number = first; number < first + count; ++number) {
            stores_[number & (stores_.size() - 1)].number = ~u64{0};
        }
    }

    /// The newest store that shares a byte with the load, of those numbered below `before`.
    [[nodiscard]] RF_ALWAYS_INLINE const Store* find(VirtualAddress address, u32 bytes,
                                                     u64 before) const {
        const u64 first = address.value() / granule;
        const u64 last = (address.value() + bytes - 1) / granule;
        u64 newest = std::max(newest_[first % filter_size], newest_[last % filter_size]);
        for (u64 part = first + 1; RF_UNLIKELY(part < last); ++part) {
            newest = std::max(newest, newest_[part % filter_size]);
        }
        return newest + depth_ <= before
                   ? nullptr
                   : search(address.value(), bytes, before, std::min(newest, before));
    }

    /// `next`: the number of the main path's next store. Those from there on are of squashed paths
    /// and may never come.
    void visit_state(state::Visitor& visitor, u64 next, Cycle latest);

private:
    static constexpr u64 granule = 8;
    static constexpr u64 filter_size = 1024;

    [[nodiscard]] const Store* search(u64 address, u32 bytes, u64 before, u64 newest) const;

    std::vector<Store> stores_;  ///< by number, a power of two of them
    /// For the granules that share a place: 1 + the number of the newest store to any of them.
    std::array<u64, filter_size> newest_{};
    u64 depth_;  ///< stores that may be on the way
};

}  // namespace ringfence::sim::timing
