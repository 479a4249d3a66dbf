// SPDX-License-Identifier: MIT
#include "kernel/net/slice_queue.h"

#include <algorithm>
#include <cstring>

namespace ringfence::kernel::net {

namespace {
/// Up to this size copying costs less than keeping another buffer.
constexpr usize small = 512;
/// Dropped slices that are kept before the others move up.
constexpr usize most_dropped = 64;
}  // namespace

void SliceQueue::push(Slice slice) {
    const usize count = slice.size();
    if (count == 0) {
        return;
    }
    bytes_ += count;
    if (first_ < slices_.size()) {
        Slice& last = slices_.back();
        if (last.join(slice)) {
            return;
        }
        const std::span<u8> free = last.room();
        if (count <= small && count <= free.size()) {
            std::memcpy(free.data(), slice.bytes().data(), count);
            last.grow(count);
            return;
        }
    }
    slices_.push_back(std::move(slice));
}

Slice SliceQueue::at(usize offset, usize most) const {
    for (usize i = first_; i < slices_.size(); ++i) {
        const Slice& slice = slices_[i];
        if (offset < slice.size()) {
            return slice.part(offset, std::min(most, slice.size() - offset));
        }
        offset -= slice.size();
    }
    return {};
}

void SliceQueue::drop_front(usize count) {
    RF_ASSERT(count <= bytes_);
    bytes_ -= count;
    while (first_ < slices_.size()) {
        Slice& front = slices_[first_];
        const usize piece = std::min(count, front.size());
        front.drop_front(piece);
        count -= piece;
        if (!front.empty()) {
            break;
        }
        front = Slice();
        ++first_;
    }
    if (first_ == slices_.size()) {
        slices_.clear();
        first_ = 0;
    } else if (first_ > most_dropped) {
        slices_.erase(0, first_);
        first_ = 0;
    }
}

void SliceQueue::clear() {
    slices_.clear();
    first_ = 0;
    bytes_ = 0;
}

std::span<u8> SliceQueue::room() const {
    return first_ < slices_.size() ? slices_[slices_.size() - 1].room() : std::span<u8>();
}

void SliceQueue::grow(usize count) {
    slices_.back().grow(count);
    bytes_ += count;
}

}  // namespace ringfence::kernel::net
