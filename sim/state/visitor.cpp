// SPDX-License-Identifier: MIT
#include "sim/state/visitor.h"

namespace ringfence::sim::state {

void Visitor::list(std::string_view name, std::deque<u8>& values, usize most) {
    std::vector<u8> copy(values.begin(), values.end());
    list(name, copy, most);
    if (loading() && ok()) {
        values.assign(copy.begin(), copy.end());
    }
}

}  // namespace ringfence::sim::state
