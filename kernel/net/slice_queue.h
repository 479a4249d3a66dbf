// SPDX-License-Identifier: MIT
// Bytes in order, as slices of buffers: what is to be sent or acknowledged, or to be read.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/net/buffer.h"

namespace ringfence::kernel::net {

class SliceQueue {
public:
    [[nodiscard]] usize size() const { return bytes_; }
    [[nodiscard]] bool empty() const { return bytes_ == 0; }

    /// Puts bytes at the end. A small slice is copied into the last buffer's unused room, if it has
    /// any, so that a queue never holds many buffers for few bytes.
    void push(Slice slice);
    /// The bytes from `offset` on that lie together, at most `most`.
    [[nodiscard]] Slice at(usize offset, usize most) const;
    void drop_front(usize count);
    void clear();

    /// Room behind the last byte, in its buffer; may be empty.
    [[nodiscard]] std::span<u8> room() const;
    /// Makes `fresh`, in which nothing is used, the place that room() gives.
    void add_buffer(Ref<Buffer> fresh) { slices_.push_back(Slice(std::move(fresh), 0, 0)); }
    /// Makes the first `count` bytes of room() part of the queue.
    void grow(usize count);

private:
    Vector<Slice> slices_;
    usize first_ = 0;  ///< slices before this one are dropped
    usize bytes_ = 0;
};

}  // namespace ringfence::kernel::net
