// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/line_buffer.h"

#include <algorithm>

#include "base/bits.h"

namespace ringfence::kernel {

u64 LineBuffer::size_of_lines() const {
    u64 count = 0;
    for (u64 position = tail_; position != open_line_; ++position) {
        count += is_end_of_file(position) ? 0 : 1;
    }
    return count;
}

bool LineBuffer::is_end(u64 position) const {
    const u64 place = position % capacity;
    return (ends_[place / word_bits] & bit(place % word_bits)) != 0;
}

void LineBuffer::mark_end(u64 position, bool end) {
    const u64 place = position % capacity;
    u64& word = ends_[place / word_bits];
    word = end ? word | bit(place % word_bits) : word & ~bit(place % word_bits);
}

void LineBuffer::put(u8 byte) {
    if (room() > 0) {
        mark_end(head_, false);
        bytes_[head_ % capacity] = byte;
        ++head_;
    }
}

void LineBuffer::end_line(u8 byte) {
    if (room() > 0) {
        put(byte);
        mark_end(head_ - 1, true);
        open_line_ = head_;
    }
}

void LineBuffer::clear() {
    head_ = open_line_ = tail_ = 0;
}

void LineBuffer::close_open_line() {
    forget_lines();
    if (size() > 0) {
        mark_end(head_ - 1, true);
        open_line_ = head_;
    }
}

void LineBuffer::forget_lines() {
    std::fill(std::begin(ends_), std::end(ends_), 0);
    open_line_ = tail_;
}

u64 LineBuffer::move_to(const IoDestination& to, u64 count) {
    const u64 start = tail_ % capacity;
    const u64 first = std::min(count, capacity - start);
    u64 moved = to.put_part(0, {bytes_ + start, first});
    if (moved == first && moved < count) {
        moved += to.put_part(first, {bytes_, count - first});
    }
    tail_ += moved;
    open_line_ = std::max(open_line_, tail_);
    return moved;
}

Fallible<u64> LineBuffer::take_line(const IoDestination& to) {
    u64 count = 0;
    bool ended = false;
    while (!ended && count < to.size() && tail_ + count != open_line_ &&
           !is_end_of_file(tail_ + count)) {
        ended = is_end(tail_ + count);
        ++count;
    }
    const u64 moved = move_to(to, count);
    if (moved == count && !ended && has_line() && is_end_of_file(tail_)) {
        ++tail_;
    }
    return transferred(moved, count);
}

Fallible<u64> LineBuffer::take(const IoDestination& to) {
    const u64 count = std::min(to.size(), size());
    return transferred(move_to(to, count), count);
}

}  // namespace ringfence::kernel
