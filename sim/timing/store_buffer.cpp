// SPDX-License-Identifier: MIT
#include "sim/timing/store_buffer.h"

#include <algorithm>
#include <bit>

#include "sim/timing/saved_times.h"

namespace ringfence::sim::timing {

/// Twice the queue: a squashed path adds a queue's worth at most, and replaces none of the main
/// path's that may still be on the way.
StoreBuffer::StoreBuffer(u32 store_queue)
    : stores_(std::bit_ceil(2 * std::size_t{std::max(store_queue, 1U)}), Store{.number = ~u64{0}}),
      depth_(std::max(store_queue, 1U)) {}

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

void StoreBuffer::visit_state(state::Visitor& visitor, u64 next, Cycle latest) {
    std::vector<u64> numbers(stores_.size());
    std::vector<u64> addresses(stores_.size());
    std::vector<u32> bytes(stores_.size());
    std::vector<Cycle> data(stores_.size());
    std::vector<Cycle> committed(stores_.size());
    for (usize i = 0; i < stores_.size(); ++i) {
        numbers[i] = stores_[i].number;
        addresses[i] = stores_[i].address;
        bytes[i] = stores_[i].bytes;
        data[i] = stores_[i].data;
        committed[i] = stores_[i].committed;
    }
    visitor.field("numbers", numbers);
    visitor.field("addresses", addresses);
    visitor.field("bytes", bytes);
    visitor.field("data", data);
    visitor.field("committed", committed);
    visitor.field("newest", newest_);
    // Not state: depth_ (configuration)
    bool possible = true;
    for (usize i = 0; i < stores_.size(); ++i) {
        const bool comes = data[i] <= latest && committed[i] <= latest;
        possible = possible && (comes || numbers[i] >= next);
        stores_[i] = {.number = numbers[i],
                      .address = addresses[i],
                      .bytes = bytes[i],
                      .data = data[i],
                      .committed = committed[i]};
    }
    visitor.require(possible, "a store that never comes");
}

}  // namespace ringfence::sim::timing
