// SPDX-License-Identifier: MIT
#include "kernel/core/fs/io_buffer.h"

#include <algorithm>
#include <cstring>

#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

Fallible<void> all_or_fault(u64 copied, u64 wanted) {
    if (copied < wanted) {
        return Error{Errno::Efault};
    }
    return {};
}

}  // namespace

u64 IoDestination::put_part(u64 offset, std::span<const u8> bytes) const {
    RF_ASSERT(offset + bytes.size() <= size_);
    if (kernel_ == nullptr || bytes.empty()) {
        return write_user_part(user_ + offset, bytes);
    }
    std::memcpy(kernel_ + offset, bytes.data(), bytes.size());
    return bytes.size();
}

u64 IoDestination::put_zeroes_part(u64 offset, u64 count) const {
    RF_ASSERT(offset + count <= size_);
    if (kernel_ == nullptr) {
        return clear_user_part(user_ + offset, count);
    }
    std::memset(kernel_ + offset, 0, count);
    return count;
}

Fallible<void> IoDestination::put(u64 offset, std::span<const u8> bytes) const {
    return all_or_fault(put_part(offset, bytes), bytes.size());
}

IoDestination IoDestination::from(u64 offset) const {
    RF_ASSERT(offset <= size_);
    if (kernel_ != nullptr) {
        return IoDestination(std::span<u8>(kernel_ + offset, size_ - offset));
    }
    return {user_ + offset, size_ - offset};
}

u64 IoSource::get_part(u64 offset, std::span<u8> bytes) const {
    RF_ASSERT(offset + bytes.size() <= size_);
    if (kernel_ == nullptr || bytes.empty()) {
        return read_user_part(user_ + offset, bytes);
    }
    std::memcpy(bytes.data(), kernel_ + offset, bytes.size());
    return bytes.size();
}

Fallible<void> IoSource::get(u64 offset, std::span<u8> bytes) const {
    return all_or_fault(get_part(offset, bytes), bytes.size());
}

IoSource IoSource::from(u64 offset) const {
    RF_ASSERT(offset <= size_);
    if (kernel_ != nullptr) {
        return IoSource(std::span<const u8>(kernel_ + offset, size_ - offset));
    }
    return {user_ + offset, size_ - offset};
}

IoSource IoSource::first(u64 count) const {
    IoSource part = *this;
    part.size_ = std::min(size_, count);
    return part;
}

}  // namespace ringfence::kernel
