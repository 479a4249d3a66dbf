// SPDX-License-Identifier: MIT
// Where a mapping of a file gets its pages from.
#pragma once

#include "base/address.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

class PageSource {
public:
    /// The frame that holds the file's bytes from `index * frame_size` on, with one more reference,
    /// which is the caller's to release. Bytes beyond the end of the file are zero. Enxio for a
    /// page that lies wholly beyond the end, Enomem if there is no frame for it.
    virtual Fallible<PhysicalAddress> page(u64 index) = 0;

protected:
    ~PageSource() = default;
};

}  // namespace ringfence::kernel
