// SPDX-License-Identifier: MIT
// Where a mapping of a file gets its pages from.
#pragma once

#include <span>

#include "base/address.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

class PageSource {
public:
    /// The frame that holds the file's bytes from `index * frame_size` on, with one more reference,
    /// which is the caller's to release. Bytes beyond the end of the file are zero. Enxio for a
    /// page that lies wholly beyond the end, Enomem if there is no frame for it.
    virtual Fallible<PhysicalAddress> page(u64 index) = 0;
    /// The frames of the pages from `first` on that are in memory already, 0 for those that are
    /// not. No reference is added.
    virtual void pages_in_memory(u64 first, std::span<PhysicalAddress> to) const = 0;

protected:
    ~PageSource() = default;
};

}  // namespace ringfence::kernel
