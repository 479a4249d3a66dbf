// SPDX-License-Identifier: MIT
// Walks the present pages of a range in batches, so that they may be changed meanwhile.
#pragma once

#include "kernel/core/vm/region.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel {

class PageBatch {
public:
    struct Page {
        VirtualAddress address;
        arch::Mapping mapping;
    };

    /// Gathers the first pages of [start, end); false if there is none.
    bool collect(const arch::AddressSpace& tables, VirtualAddress start, VirtualAddress end) {
        count_ = 0;
        if (start < end) {
            tables.for_each_page(start, end, take, this);
        }
        resume_at_ = count_ < capacity ? end : pages_[count_ - 1].address + page_size;
        return count_ > 0;
    }
    /// Where the next batch starts.
    [[nodiscard]] VirtualAddress resume_at() const { return resume_at_; }
    [[nodiscard]] const Page* begin() const { return pages_; }
    [[nodiscard]] const Page* end() const { return pages_ + count_; }

private:
    static constexpr usize capacity = 64;

    static void take(void* batch, VirtualAddress page, const arch::Mapping& mapping) {
        auto* self = static_cast<PageBatch*>(batch);
        if (self->count_ < capacity) {
            self->pages_[self->count_++] = {page, mapping};
        }
    }

    Page pages_[capacity];
    usize count_ = 0;
    VirtualAddress resume_at_;
};

}  // namespace ringfence::kernel
