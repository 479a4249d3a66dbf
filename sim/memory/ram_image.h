// SPDX-License-Identifier: MIT
// The contents of a guest's RAM, once for any number of machines that start from it.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "sim/memory/host_mapping.h"

namespace ringfence::sim::memory {

/// Bytes by physical address, kept in a file without a name. It is made of chunks; those that were
/// never put are zeroes and take no room. Once made it does not change, and threads may share it.
class RamImage {
public:
    static constexpr u64 chunk_bytes = 64 * kib;

    /// All zeroes, for addresses below `end`, a multiple of 4 KiB. The error is one line.
    static Result<RamImage, std::string> create(u64 end);

    RamImage(RamImage&& other) noexcept;
    RamImage& operator=(RamImage&& other) noexcept;
    RamImage(const RamImage&) = delete;
    RamImage& operator=(const RamImage&) = delete;
    ~RamImage();

    [[nodiscard]] u64 end() const { return end_; }
    [[nodiscard]] u64 chunk_count() const { return (end_ + chunk_bytes - 1) / chunk_bytes; }
    /// In bytes: the last chunk may be shorter than the others.
    [[nodiscard]] u64 size_of(u64 chunk) const;

    /// Fills in a chunk. In ascending order, each once. False: the host has no room.
    [[nodiscard]] bool put(u64 chunk, std::span<const u8> bytes);
    /// The chunks that were put, ascending.
    [[nodiscard]] std::span<const u64> chunks() const { return chunks_; }
    /// Reads a chunk of `size_of(chunk)` bytes. False: the host failed.
    [[nodiscard]] bool get(u64 chunk, std::span<u8> out) const;

    /// Shows the image in a mapping of `end()` zeroes. Writes there stay there. False: the host
    /// refuses.
    [[nodiscard]] bool show_in(HostMapping& mapping) const;

private:
    RamImage(int descriptor, u64 end) : descriptor_(descriptor), end_(end) {}

    int descriptor_ = -1;
    u64 end_ = 0;
    std::vector<u64> chunks_;
};

}  // namespace ringfence::sim::memory
