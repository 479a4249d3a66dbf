// SPDX-License-Identifier: MIT
#include "sim/timing/stream_prefetcher.h"

#include <algorithm>

namespace ringfence::sim::timing {

StreamPrefetcher::Ahead StreamPrefetcher::observe(u64 line) {
    const u64 page = line / lines_in_page;
    const int place = static_cast<int>(line % lines_in_page);
    const u32 known = pages_.find(page, page);
    if (known == AssociativeArray::none) {
        const u32 slot = pages_.victim(page);
        pages_.put(slot, page);
        streams_[slot] = {.last = place};
        return {};
    }
    pages_.touch(known);
    Stream& stream = streams_[known];
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
    const u64 step = static_cast<u64>(static_cast<i64>(direction));
    return {line + step * static_cast<u64>(ahead + 1), step, static_cast<unsigned>(last - ahead)};
}

void StreamPrefetcher::add_to(Digest& digest) const {
    pages_.add_to(digest);
    for (const Stream& stream : streams_) {
        for (const int part : {stream.last, stream.direction, stream.run, stream.reached}) {
            digest.add(static_cast<u64>(static_cast<i64>(part)));
        }
    }
}

}  // namespace ringfence::sim::timing
