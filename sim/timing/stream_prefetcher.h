// SPDX-License-Identifier: MIT
// The L2 prefetcher that follows ascending and descending sequences of lines within 4 KiB.
#pragma once

#include <array>

#include "sim/state/forward.h"
#include "sim/timing/associative_array.h"

namespace ringfence::sim::timing {

/// Watches what L1 asks of L2. Once a page's requests go one way, the lines ahead are prefetched:
/// up to 2 for each request, up to 20 ahead, never beyond the page; 32 pages at once.
/// [intel/optimization]: data prefetch to L2 and last level, streamer
class StreamPrefetcher {
public:
    /// Lines to prefetch: `first`, `first + step`, ...
    struct Ahead {
        u64 first = 0;
        u64 step = 0;  ///< 1 or its negative, modulo 2^64
        unsigned count = 0;
    };
    Ahead observe(u64 line);
    /// One of those lines has been asked for, or is there: the next request goes on behind it.
    /// Lines for which there was no buffer come again.
    void went_as_far_as(u64 line) {
        const u32 slot = pages_.find(line / lines_in_page, line / lines_in_page);
        streams_[slot].reached = static_cast<int>(line % lines_in_page);
    }

    void clear() { *this = {}; }
    void visit_state(state::Visitor& visitor);

private:
    static constexpr unsigned stream_count = 32;
    static constexpr int lines_in_page = 64;
    static constexpr int farthest = 20;
    static constexpr unsigned each_request = 2;
    /// Requests in one direction that make a stream. Not published: an estimate.
    static constexpr int detected = 2;

    struct Stream {
        int last = 0;       ///< line in the page
        int direction = 0;  ///< 1 or -1
        int run = 0;        ///< requests in that direction
        int reached = 0;    ///< the farthest line that was prefetched
    };

    AssociativeArray pages_{1, stream_count};
    std::array<Stream, stream_count> streams_{};
};

}  // namespace ringfence::sim::timing
