// SPDX-License-Identifier: MIT
#include "sim/timing/stream_prefetcher.h"

#include <algorithm>

#include "sim/state/visitor.h"

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

void StreamPrefetcher::visit_state(state::Visitor& visitor) {
    visitor.part("pages", pages_);
    std::array<u8, stream_count> last{};
    std::array<u8, stream_count> reached{};
    std::array<i64, stream_count> directions{};
    std::array<u32, stream_count> runs{};
    bool possible = true;
    for (unsigned i = 0; i < stream_count; ++i) {
        last[i] = static_cast<u8>(streams_[i].last);
        reached[i] = static_cast<u8>(streams_[i].reached);
        directions[i] = streams_[i].direction;
        runs[i] = static_cast<u32>(streams_[i].run);
    }
    visitor.field("last", last);
    visitor.field("reached", reached);
    visitor.field("directions", directions);
    visitor.field("runs", runs);
    for (unsigned i = 0; i < stream_count; ++i) {
        possible = possible && last[i] < lines_in_page && reached[i] < lines_in_page &&
                   directions[i] >= -1 && directions[i] <= 1 && runs[i] <= u32{lines_in_page};
        streams_[i] = {.last = last[i],
                       .direction = static_cast<int>(directions[i]),
                       .run = static_cast<int>(runs[i]),
                       .reached = reached[i]};
    }
    visitor.require(possible, "a stream that leaves its page");
}

}  // namespace ringfence::sim::timing
