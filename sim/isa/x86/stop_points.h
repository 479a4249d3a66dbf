// SPDX-License-Identifier: MIT
// Places in the guest's code before which a run ends, as a debugger or a measurement wants it.
#pragma once

#include <algorithm>
#include <vector>

#include "base/address.h"
#include "base/compiler.h"

namespace ringfence::sim::isa::x86 {

class StopPoints {
public:
    void set(std::vector<VirtualAddress> addresses) {
        std::ranges::sort(addresses);
        addresses_ = std::move(addresses);
    }
    [[nodiscard]] bool contains(u64 linear) const {
        return RF_UNLIKELY(!addresses_.empty()) &&
               std::ranges::binary_search(addresses_, VirtualAddress{linear});
    }

private:
    std::vector<VirtualAddress> addresses_;
};

}  // namespace ringfence::sim::isa::x86
