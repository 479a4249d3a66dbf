// SPDX-License-Identifier: MIT
// The frames of a sparse file, by page index: chunks of consecutive pages in ascending order, found
// by bisection. Owns one reference to each frame.
#pragma once

#include <span>

#include "base/address.h"
#include "kernel/core/containers/vector.h"

namespace ringfence::kernel {

class PageMap {
public:
    PageMap() = default;
    /// `total`, which outlives the map, is kept up to date with the number of pages of all its
    /// maps.
    explicit PageMap(u64& total) : total_(&total) {}
    PageMap(const PageMap&) = delete;
    PageMap& operator=(const PageMap&) = delete;
    ~PageMap() { release_from(0); }

    /// The frame of page `index`, or null. No reference is added.
    [[nodiscard]] const PhysicalAddress* find(u64 index) const;
    /// The frames of the pages from `first` on, 0 for those that are absent. No reference is added.
    void copy(u64 first, std::span<PhysicalAddress> to) const;
    /// Takes over the caller's reference to `frame`; the page must be absent.
    void insert(u64 index, PhysicalAddress frame);
    /// Releases all pages from `first` on.
    void release_from(u64 first);
    /// Takes page `index` out; its reference becomes the caller's. The page must be there.
    PhysicalAddress take(u64 index);
    /// The first page at or after `index`, or `none`.
    [[nodiscard]] u64 next(u64 index) const;
    static constexpr u64 none = ~u64{0};
    [[nodiscard]] u64 page_count() const { return page_count_; }

private:
    static constexpr u64 pages_per_chunk = 32;
    struct Chunk {
        u64 number;  ///< index of the first page / pages_per_chunk
        u32 present = 0;
        PhysicalAddress frames[pages_per_chunk]{};

        [[nodiscard]] bool holds(u64 slot) const { return (present >> slot & 1) != 0; }
    };

    /// Position of the first chunk whose number is not less than `number`.
    [[nodiscard]] usize position_of(u64 number) const;
    void count(i64 change);
    void release_tail(Chunk& chunk, u64 first);

    Vector<Chunk*> chunks_;
    u64 page_count_ = 0;
    u64* total_ = nullptr;
};

}  // namespace ringfence::kernel
