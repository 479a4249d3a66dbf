// SPDX-License-Identifier: MIT
// Zeroed host memory that costs nothing until it is touched.
#pragma once

#include <optional>

#include "base/types.h"

namespace ringfence::sim::memory {

/// An anonymous private mapping without reserved swap. Owns it; moves only.
class HostMapping {
public:
    /// `bytes` of zeroes, or nothing when the host has no room in its address space.
    static std::optional<HostMapping> create(u64 bytes);

    HostMapping(HostMapping&& other) noexcept;
    HostMapping& operator=(HostMapping&& other) noexcept;
    HostMapping(const HostMapping&) = delete;
    HostMapping& operator=(const HostMapping&) = delete;
    ~HostMapping();

    [[nodiscard]] u8* data() const { return data_; }
    [[nodiscard]] u64 size() const { return size_; }

private:
    HostMapping(u8* data, u64 size) : data_(data), size_(size) {}

    u8* data_ = nullptr;
    u64 size_ = 0;
};

}  // namespace ringfence::sim::memory
