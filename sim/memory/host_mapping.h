// SPDX-License-Identifier: MIT
// Zeroed host memory that costs nothing until it is touched.
#pragma once

#include <optional>
#include <vector>

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

    /// Shows `bytes` of a file from `offset` on at the same offset of the mapping, copied when they
    /// are written to. All are multiples of the host's page size and within both. False if the
    /// host refuses; then the mapping may hold part of it.
    [[nodiscard]] bool show_file(int descriptor, u64 offset, u64 bytes);

    /// Looks which parts of the mapping were ever written to, without touching the others: for each
    /// `part_bytes` (a multiple of the host's page size; the last part may be shorter) whether it
    /// may hold anything but zeroes.
    [[nodiscard]] std::vector<bool> parts_with_data(u64 part_bytes) const;

    [[nodiscard]] u8* data() const { return data_; }
    [[nodiscard]] u64 size() const { return size_; }

private:
    HostMapping(u8* data, u64 size) : data_(data), size_(size) {}

    struct Range {
        u64 first;
        u64 end;
    };

    u8* data_ = nullptr;
    u64 size_ = 0;
    std::vector<Range> shown_;  ///< where the mapping is a file's
};

}  // namespace ringfence::sim::memory
