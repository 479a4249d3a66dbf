// SPDX-License-Identifier: MIT
#include "kernel/net/reassembly.h"

namespace ringfence::kernel::net {

void Reassembly::add(Sequence at, Slice bytes) {
    if (bytes.empty() || parts_.size() >= most_parts) {
        return;
    }
    usize place = 0;
    while (place < parts_.size() && parts_[place].start < at) {
        ++place;
    }
    const Sequence end = at + static_cast<u32>(bytes.size());
    if ((place > 0 && parts_[place - 1].end() >= end) ||
        (place < parts_.size() && parts_[place].start == at && parts_[place].end() >= end)) {
        return;  // nothing new in it
    }
    parts_.insert(place, Part{at, std::move(bytes)});
}

Slice Reassembly::take(Sequence next) {
    while (!parts_.empty() && parts_[0].start <= next) {
        Part first = std::move(parts_[0]);
        parts_.erase(0);
        if (first.end() > next) {
            first.bytes.drop_front(next - first.start);
            return std::move(first.bytes);
        }
    }
    return {};
}

}  // namespace ringfence::kernel::net
