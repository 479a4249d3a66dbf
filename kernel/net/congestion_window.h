// SPDX-License-Identifier: MIT
// How much may be on the way before the network has shown that it can take it: slow start,
// congestion avoidance, fast recovery. [rfc/5681], [rfc/6582]
#pragma once

#include <algorithm>

#include "kernel/net/sequence.h"

namespace ringfence::kernel::net {

class CongestionWindow {
public:
    /// `segment`: the most bytes of one segment. [rfc/6928]: ten of them at first.
    void start(u32 segment) {
        segment_ = segment;
        window_ = 10 * segment;
    }
    [[nodiscard]] u32 bytes() const { return window_; }
    [[nodiscard]] u32 threshold() const { return threshold_; }
    [[nodiscard]] bool recovering() const { return recovering_; }

    /// `count` bytes were acknowledged, up to `at`. True if that is only a part of what was on the
    /// way when a segment got lost: the next one behind `at` is lost too.
    [[nodiscard]] bool acknowledged(u32 count, Sequence at) {
        if (recovering_ && at < recover_) {
            window_ -= std::min(window_ - segment_, count);
            window_ += segment_;
            return true;
        }
        if (recovering_) {
            recovering_ = false;
            window_ = threshold_;
            return false;
        }
        const u32 growth = window_ < threshold_
                               ? std::min(count, segment_)
                               : std::max(1U, static_cast<u32>(u64{segment_} * segment_ / window_));
        window_ = std::min(window_ + growth, largest);
        return false;
    }
    /// The third acknowledgement of the same byte: the segment behind it is lost. `in_flight` bytes
    /// are on the way, up to `end`.
    void lost_one(u32 in_flight, Sequence end) {
        threshold_ = std::max(in_flight / 2, 2 * segment_);
        window_ = threshold_ + 3 * segment_;
        recover_ = end;
        recovering_ = true;
    }
    /// One more of them: a segment has left the network.
    void another_duplicate() { window_ = std::min(window_ + segment_, largest); }
    /// Nothing came back at all.
    void timed_out(u32 in_flight) {
        threshold_ = std::max(in_flight / 2, 2 * segment_);
        window_ = segment_;
        recovering_ = false;
    }

private:
    static constexpr u32 largest = u32{1} << 30;
    u32 segment_ = 1;
    u32 window_ = 0;
    u32 threshold_ = largest;
    Sequence recover_;
    bool recovering_ = false;
};

}  // namespace ringfence::kernel::net
