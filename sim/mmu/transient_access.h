// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.h"

namespace ringfence::sim::mmu {

/// What instructions on a path that will be squashed see instead of memory. `bytes` is 1 to 64.
class TransientAccess {
public:
    virtual ~TransientAccess() = default;
    /// False: no value comes, and nothing that depends on it runs.
    virtual bool read(VirtualAddress address, void* out, unsigned bytes) = 0;
    /// Seen by later reads of the same path, and by nobody else.
    virtual void write(VirtualAddress address, const void* from, unsigned bytes) = 0;
};

}  // namespace ringfence::sim::mmu
