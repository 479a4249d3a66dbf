// SPDX-License-Identifier: MIT
// When to send again: the retransmission timeout, from measured round trips. [rfc/6298]
#pragma once

#include <algorithm>

#include "base/types.h"

namespace ringfence::kernel::net {

inline constexpr u64 nanoseconds_per_millisecond = 1'000'000;

class RoundTripTime {
public:
    /// Bounds as Linux has them: below them clocks and delayed acknowledgements decide.
    static constexpr u64 least_timeout = 200 * nanoseconds_per_millisecond;
    static constexpr u64 most_timeout = 120'000 * nanoseconds_per_millisecond;
    static constexpr u64 first_timeout = 1'000 * nanoseconds_per_millisecond;

    /// A round trip was measured, in nanoseconds.
    void sample(u64 measured) {
        if (smoothed_ == 0) {
            smoothed_ = measured;
            variation_ = measured / 2;
        } else {
            const u64 difference =
                measured > smoothed_ ? measured - smoothed_ : smoothed_ - measured;
            variation_ = (3 * variation_ + difference) / 4;
            smoothed_ = (7 * smoothed_ + measured) / 8;
        }
        base_ = std::clamp(smoothed_ + 4 * variation_, least_timeout, most_timeout);
    }
    /// Nanoseconds to wait for an acknowledgement.
    [[nodiscard]] u64 timeout() const { return std::min(base_ << backed_off_, most_timeout); }
    /// The timeout has passed in vain: wait twice as long.
    void back_off() { backed_off_ = std::min(backed_off_ + 1, most_backed_off); }
    /// Something new was acknowledged.
    void recover() { backed_off_ = 0; }
    [[nodiscard]] u64 smoothed() const { return smoothed_; }
    [[nodiscard]] u64 variation() const { return variation_; }

private:
    static constexpr u32 most_backed_off = 10;
    u64 smoothed_ = 0;
    u64 variation_ = 0;
    u64 base_ = first_timeout;
    u32 backed_off_ = 0;
};

}  // namespace ringfence::kernel::net
