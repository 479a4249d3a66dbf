// SPDX-License-Identifier: MIT
// What several changes of an address space make stale, to be invalidated in one go.
#pragma once

#include "paging/pending_invalidation.h"

namespace ringfence::kernel::arch {

class StaleGroup {
public:
    /// More than this is not worth remembering one by one.
    static constexpr usize most_ranges = 16;

    void add(const paging::StaleRange& stale) {
        everything_ = everything_ || count_ == most_ranges;
        if (!everything_) {
            ranges_[count_++] = stale;
            pages_ += stale.bytes / stale.stride;
        }
    }
    void add_everything() { everything_ = true; }

    [[nodiscard]] bool everything() const { return everything_; }
    [[nodiscard]] bool empty() const { return count_ == 0 && !everything_; }
    [[nodiscard]] const paging::StaleRange* begin() const { return ranges_; }
    [[nodiscard]] const paging::StaleRange* end() const { return ranges_ + count_; }
    [[nodiscard]] u64 pages() const { return pages_; }

private:
    paging::StaleRange ranges_[most_ranges];
    usize count_ = 0;
    u64 pages_ = 0;
    bool everything_ = false;
};

}  // namespace ringfence::kernel::arch
