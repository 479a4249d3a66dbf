// SPDX-License-Identifier: MIT
#include "kernel/core/fs/page_map.h"

#include <algorithm>

#include "base/bits.h"
#include "kernel/core/memory/frame_allocator.h"

namespace ringfence::kernel {

usize PageMap::position_of(u64 number) const {
    const auto at = std::lower_bound(chunks_.begin(), chunks_.end(), number,
                                     [](const Chunk* c, u64 wanted) { return c->number < wanted; });
    return static_cast<usize>(at - chunks_.begin());
}

const PhysicalAddress* PageMap::find(u64 index) const {
    const u64 number = index / pages_per_chunk;
    const usize position = position_of(number);
    if (position == chunks_.size() || chunks_[position]->number != number) {
        return nullptr;
    }
    const Chunk& chunk = *chunks_[position];
    const u64 slot = index % pages_per_chunk;
    return chunk.holds(slot) ? &chunk.frames[slot] : nullptr;
}

void PageMap::copy(u64 first, std::span<PhysicalAddress> to) const {
    usize position = position_of(first / pages_per_chunk);
    for (usize i = 0; i < to.size(); ++i) {
        const u64 number = (first + i) / pages_per_chunk;
        const u64 slot = (first + i) % pages_per_chunk;
        if (slot == 0 && i > 0 && position < chunks_.size() && chunks_[position]->number < number) {
            ++position;
        }
        const bool is_there = position < chunks_.size() && chunks_[position]->number == number &&
                              chunks_[position]->holds(slot);
        to[i] = is_there ? chunks_[position]->frames[slot] : PhysicalAddress{};
    }
}

void PageMap::count(i64 change) {
    page_count_ += static_cast<u64>(change);
    if (total_ != nullptr) {
        *total_ += static_cast<u64>(change);
    }
}

void PageMap::insert(u64 index, PhysicalAddress frame) {
    const u64 number = index / pages_per_chunk;
    const usize position = position_of(number);
    if (position == chunks_.size() || chunks_[position]->number != number) {
        chunks_.insert(position, new Chunk{.number = number});
    }
    Chunk& chunk = *chunks_[position];
    const u64 slot = index % pages_per_chunk;
    const u32 flag = bit<u32>(static_cast<unsigned>(slot));
    RF_ASSERT((chunk.present & flag) == 0);
    chunk.present |= flag;
    chunk.frames[slot] = frame;
    count(1);
}

PhysicalAddress PageMap::take(u64 index) {
    const usize position = position_of(index / pages_per_chunk);
    RF_ASSERT(find(index) != nullptr);
    Chunk& chunk = *chunks_[position];
    const u64 slot = index % pages_per_chunk;
    chunk.present &= ~bit<u32>(static_cast<unsigned>(slot));
    count(-1);
    const PhysicalAddress frame = chunk.frames[slot];
    if (chunk.present == 0) {
        delete &chunk;
        chunks_.erase(position);
    }
    return frame;
}

u64 PageMap::next(u64 index) const {
    for (usize i = position_of(index / pages_per_chunk); i < chunks_.size(); ++i) {
        const Chunk& chunk = *chunks_[i];
        const u64 first_slot =
            chunk.number == index / pages_per_chunk ? index % pages_per_chunk : 0;
        for (u64 slot = first_slot; slot < pages_per_chunk; ++slot) {
            if (chunk.holds(slot)) {
                return chunk.number * pages_per_chunk + slot;
            }
        }
    }
    return none;
}

void PageMap::release_tail(Chunk& chunk, u64 first) {
    for (u64 slot = first; slot < pages_per_chunk; ++slot) {
        const u32 flag = bit<u32>(static_cast<unsigned>(slot));
        if ((chunk.present & flag) != 0) {
            chunk.present &= ~flag;
            frames().release(chunk.frames[slot]);
            count(-1);
        }
    }
}

void PageMap::release_from(u64 first) {
    const u64 number = first / pages_per_chunk;
    while (!chunks_.empty() && chunks_.back()->number >= number) {
        Chunk& last = *chunks_.back();
        const u64 slot = last.number == number ? first % pages_per_chunk : 0;
        release_tail(last, slot);
        if (slot != 0) {
            return;
        }
        delete &last;
        chunks_.pop_back();
    }
}

}  // namespace ringfence::kernel
