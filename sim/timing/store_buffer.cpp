// SPDX-License-Identifier: MIT
#include "sim/timing/store_buffer.h"

#include <algorithm>
#include <bit>

namespace ringfence::sim::timing {

/// Twice the queue: a squashed path adds a queue's worth at most, and replaces none of the main
/// path's that may still be on the way.
StoreBuffer::StoreBuffer(u32 store_queue)
    : stores_(std::bit_ceil(2 * std::size_t{std::max(store_queue, 1U)}), Store{.number = ~u64{0}}),
      depth_(std::max(store_queue, 1U)) {}

void StoreBuffer::add(const Store& store) {
    stores_[store.number & (stores_.size() - 1)] = store;
    const u64 first = store.address / granule;
    const u64 last = (store.address + store.bytes - 1) / granule;
    for (u64 part = first; part <= last; ++part) {
        newest_[part % filter_size] = store.number + 1;
    }
}

const StoreBuffer::Store* StoreBuffer::search(u64 address, u32 bytes, u64 before,
                                              u64 newest) const {
    const u64 oldest = before > depth_ ? before - depth_ : 0;
    for (u64 number = newest; number > oldest; --number) {
        const Store& store = stores_[(number - 1) & (stores_.size() - 1)];
        if (store.number == number - 1 && address < store.address + store.bytes &&
            store.address < address + bytes) {
            return &store;
        }
    }
    return nullptr;
}

}  // namespace ringfence::sim::timing
