// SPDX-License-Identifier: MIT
// Memory for bytes on their way between sockets. A buffer is filled once, from its start, and its
// parts are then handed on by reference: what the sender keeps for retransmission, what is on the
// wire and what the receiver has not read yet are slices of one buffer.
#pragma once

#include <span>

#include "base/address.h"
#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"

namespace ringfence::kernel::net {

class Buffer final : public RefCounted, public Counted<Buffer> {
public:
    /// The most that one buffer holds: with this record, one block of 256 KiB. Enough for any
    /// datagram.
    static constexpr usize largest = 256 * kib - 24;

    /// A buffer for at least `capacity` (at most `largest`) bytes; null if there is no memory. What
    /// rounding to the heap's size classes leaves is usable too, up to `most`.
    [[nodiscard]] static Ref<Buffer> allocate(usize capacity, usize most = largest);

    [[nodiscard]] usize capacity() const { return capacity_; }
    [[nodiscard]] usize used() const { return used_; }
    /// Where the next bytes go. Writing there is harmless until `append` makes them part of it.
    [[nodiscard]] std::span<u8> room() { return {bytes() + used_, capacity_ - used_}; }
    void append(usize count) {
        RF_ASSERT(count <= capacity_ - used_);
        used_ += static_cast<u32>(count);
    }
    [[nodiscard]] std::span<const u8> used_bytes() const { return {bytes(), used_}; }

    static void operator delete(void* memory) { ::operator delete(memory); }

private:
    explicit Buffer(usize capacity) : capacity_(static_cast<u32>(capacity)) {}
    static void* operator new(usize, void* place) { return place; }
    [[nodiscard]] u8* bytes() { return reinterpret_cast<u8*>(this + 1); }
    [[nodiscard]] const u8* bytes() const { return reinterpret_cast<const u8*>(this + 1); }

    u32 capacity_;
    u32 used_ = 0;
};
static_assert(sizeof(Buffer) + Buffer::largest <= 256 * kib);

/// Consecutive bytes of a buffer. Empty without one.
class Slice {
public:
    Slice() = default;
    Slice(Ref<Buffer> buffer, usize start, usize size)
        : buffer_(std::move(buffer)),
          start_(static_cast<u32>(start)),
          size_(static_cast<u32>(size)) {
        RF_ASSERT(size == 0 || start + size <= buffer_->used());
    }

    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::span<const u8> bytes() const {
        return empty() ? std::span<const u8>() : buffer_->used_bytes().subspan(start_, size_);
    }
    /// `count` bytes from `offset` on; the caller keeps within size().
    [[nodiscard]] Slice part(usize offset, usize count) const {
        RF_ASSERT(offset + count <= size_);
        return {buffer_, start_ + offset, count};
    }
    void drop_front(usize count) {
        RF_ASSERT(count <= size_);
        start_ += static_cast<u32>(count);
        size_ -= static_cast<u32>(count);
    }
    void drop_back(usize count) {
        RF_ASSERT(count <= size_);
        size_ -= static_cast<u32>(count);
    }
    /// Where the slice can grow: the buffer's unused rest, if the slice reaches up to there.
    [[nodiscard]] std::span<u8> room() const {
        return buffer_ && start_ + size_ == buffer_->used() ? buffer_->room() : std::span<u8>();
    }
    /// Makes the first `count` bytes of room() part of the slice.
    void grow(usize count) {
        buffer_->append(count);
        size_ += static_cast<u32>(count);
    }
    /// Takes in `next` if its bytes lie right behind these; false if they do not.
    bool join(const Slice& next) {
        if (buffer_ != next.buffer_ || start_ + size_ != next.start_) {
            return false;
        }
        size_ += next.size_;
        return true;
    }

private:
    Ref<Buffer> buffer_;
    u32 start_ = 0;
    u32 size_ = 0;
};

}  // namespace ringfence::kernel::net
