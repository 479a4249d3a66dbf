// SPDX-License-Identifier: MIT
// Flush+Reload: a byte becomes the number of the one page, of 256, whose line is in the cache. The
// sender may be code whose results never become visible, since the cache keeps what it did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace attacks {

/// What a load takes from the nearest cache and from memory, and what tells them apart.
struct Calibration {
    std::uint64_t hit = 0;  ///< cycles, the timing itself included
    std::uint64_t miss = 0;
    std::uint64_t threshold = 0;
    /// The clock shows the difference between a cache and memory at all.
    [[nodiscard]] bool usable() const { return miss >= hit + hit / 2 && miss > hit + smallest_gap; }

private:
    static constexpr std::uint64_t smallest_gap = 20;
};

class CovertChannel {
public:
    static constexpr std::size_t symbols = 256;
    static constexpr std::size_t stride = 4096;

    /// Maps the pages. Their lines keep out of the cache set of `avoided`, so that receiving does
    /// not push out what is to be read.
    explicit CovertChannel(std::uintptr_t avoided);

    Calibration calibrate();

    /// The sender reads one byte at base + symbol * stride.
    [[nodiscard]] const std::uint8_t* base() const { return base_; }
    [[nodiscard]] const std::uint8_t* line(std::size_t symbol) const {
        return base_ + symbol * stride;
    }

    /// Without, `clear` does nothing: to show that the channel needs it.
    void set_flushing(bool on) { flushing_ = on; }
    /// Takes all lines out of the caches.
    void clear() const;
    /// Adds one to `hits` of each symbol whose line is in a cache, and so brings all of them in.
    void receive(std::array<std::uint32_t, symbols>& hits) const;

private:
    std::uint8_t* base_ = nullptr;
    std::uint64_t threshold_ = 0;
    bool flushing_ = true;
    std::array<std::uint8_t, symbols> order_{};  ///< no stride for a prefetcher to find
};

}  // namespace attacks
