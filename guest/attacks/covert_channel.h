// SPDX-License-Identifier: MIT
// Flush+Reload, a bit at a time: a bit is which of two lines is in the cache. The sender may be
// code whose results never become visible, since the cache keeps what it did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

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

/// Sixteen lines, two for each bit of a byte, on pages of their own, where no prefetcher sees two
/// of them side by side, and in different cache sets, so that they do not push out what is to be
/// read.
class CovertChannel {
public:
    static constexpr unsigned bits = 8;
    /// From a bit's line to the next bit's, and from a 0's to a 1's.
    static constexpr std::size_t bit_stride = 2 * 4096 + 64;
    static constexpr std::size_t value_stride = 4096;

    CovertChannel();

    Calibration calibrate();

    /// The sender reads one byte at base + bit * bit_stride + value * value_stride.
    [[nodiscard]] const std::uint8_t* base() const { return lines_; }
    /// Lines at the same distances that nobody receives from.
    [[nodiscard]] const std::uint8_t* nowhere() const { return nowhere_; }

    /// Without, no line ever leaves the caches: to show that the channel needs it.
    void set_flushing(bool on) { flushing_ = on; }
    /// Takes all lines out of the caches.
    void clear() const;
    /// The value of a bit that was sent since its lines were last out of the caches, where they are
    /// again afterwards; nothing if none was.
    [[nodiscard]] std::optional<bool> receive(unsigned bit) const;

private:
    [[nodiscard]] const std::uint8_t* line(unsigned bit, unsigned value) const {
        return lines_ + bit * bit_stride + value * value_stride;
    }
    [[nodiscard]] bool take(const std::uint8_t* line) const;

    const std::uint8_t* lines_ = nullptr;
    const std::uint8_t* nowhere_ = nullptr;
    std::uint64_t threshold_ = 0;
    bool flushing_ = true;
};

}  // namespace attacks
