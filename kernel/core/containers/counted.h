// SPDX-License-Identifier: MIT
// How many objects of a class live, so that a leak shows.
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

/// Base of a class T whose objects are counted.
template <typename T>
class Counted {
public:
    /// Objects that have been made and not destroyed.
    [[nodiscard]] static u64 live() { return count_; }

protected:
    Counted() { ++count_; }
    Counted(const Counted&) : Counted() {}
    Counted& operator=(const Counted&) = default;
    ~Counted() { --count_; }

private:
    inline static u64 count_ = 0;
};

}  // namespace ringfence::kernel
