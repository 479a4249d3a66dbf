// SPDX-License-Identifier: MIT
#include "sim/timing/stream_prefetcher.h"

#include <algorithm>

namespace ringfence::sim::timing {

/// The page's stream; a new one takes the place of the least recently used.
StreamPrefetcher::Stream& StreamPrefetcher::stream_of(u64 page) {
    const auto found = std::ranges::find(streams_, page, &Stream::page);
    if (found != streams_.end()) {
        return *found;
    }
    Stream& oldest = *std::ranges::min_element(streams_, {}, &Stream::last_use);
    oldest = {};
    return oldest;
}

StreamPrefetcher::Ahead StreamPrefetcher::observe(u64 line) {
    const u64 page = line / lines_in_page;
    const int place = static_cast<int>(line % lines_in_page);
    Stream& stream = stream_of(page);
    stream.last_use = ++uses_;
    if (stream.page != page) {
        stream.page = page;
        stream.last = place;
        return {};
    }
    if (place == stream.last) {
        return {};
    }
    const int direction = place > stream.last ? 1 : -1;
    stream.last = place;
    if (direction != stream.direction) {
        stream.direction = direction;
        stream.run = 1;
        stream.reached = place;
        return {};
    }
    if (++stream.run < detected) {
        return {};
    }
    // Distances are counted in the stream's direction.
    const int ahead = std::max((stream.reached - place) * direction, 0);
    const int room = direction > 0 ? lines_in_page - 1 - place : place;
    const int last = std::min({ahead + static_cast<int>(each_request), farthest, room});
    if (last <= ahead) {
        return {};
    }
    stream.reached = place + last * direction;
    const u64 step = static_cast<u64>(static_cast<i64>(direction));
    return {line + step * static_cast<u64>(ahead + 1), step, static_cast<unsigned>(last - ahead)};
}

void StreamPrefetcher::add_to(Digest& digest) const {
    for (const Stream& stream : streams_) {
        digest.add(stream.page);
        digest.add(stream.last_use);
        for (const int part : {stream.last, stream.direction, stream.run, stream.reached}) {
            digest.add(static_cast<u64>(static_cast<i64>(part)));
        }
    }
}

}  // namespace ringfence::sim::timing
