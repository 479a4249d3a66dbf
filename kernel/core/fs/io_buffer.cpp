// SPDX-License-Identifier: MIT
#include "kernel/core/fs/io_buffer.h"

#include <cstring>

#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

Fallible<void> IoDestination::put(u64 offset, std::span<const u8> bytes) const {
    RF_ASSERT(offset + bytes.size() <= size_);
    if (bytes.empty()) {
        return {};
    }
    if (kernel_ != nullptr) {
        std::memcpy(kernel_ + offset, bytes.data(), bytes.size());
        return {};
    }
    return write_user_bytes(user_ + offset, bytes);
}

Fallible<void> IoDestination::put_zeroes(u64 offset, u64 count) const {
    RF_ASSERT(offset + count <= size_);
    if (kernel_ != nullptr) {
        std::memset(kernel_ + offset, 0, count);
        return {};
    }
    return clear_user_bytes(user_ + offset, count);
}

IoDestination IoDestination::from(u64 offset) const {
    RF_ASSERT(offset <= size_);
    if (kernel_ != nullptr) {
        return IoDestination(std::span<u8>(kernel_ + offset, size_ - offset));
    }
    return {user_ + offset, size_ - offset};
}

Fallible<void> IoSource::get(u64 offset, std::span<u8> bytes) const {
    RF_ASSERT(offset + bytes.size() <= size_);
    if (bytes.empty()) {
        return {};
    }
    if (kernel_ != nullptr) {
        std::memcpy(bytes.data(), kernel_ + offset, bytes.size());
        return {};
    }
    return read_user_bytes(user_ + offset, bytes);
}

IoSource IoSource::from(u64 offset) const {
    RF_ASSERT(offset <= size_);
    if (kernel_ != nullptr) {
        return IoSource(std::span<const u8>(kernel_ + offset, size_ - offset));
    }
    return {user_ + offset, size_ - offset};
}

}  // namespace ringfence::kernel
