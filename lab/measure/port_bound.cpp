// SPDX-License-Identifier: MIT
#include "lab/measure/port_bound.h"

#include <algorithm>
#include <bit>

namespace ringfence::lab::measure {

double cycles_by_ports(const std::vector<unsigned>& operations) {
    unsigned all = 0;
    for (const unsigned ports : operations) {
        all |= ports;
    }
    double most = 0;
    // Every subset of the ports that are asked for, from all of them down.
    for (unsigned ports = all; ports != 0; ports = (ports - 1) & all) {
        const auto inside = std::ranges::count_if(
            operations, [ports](unsigned wanted) { return (wanted & ~ports) == 0; });
        most = std::max(most, static_cast<double>(inside) / std::popcount(ports));
    }
    return most;
}

}  // namespace ringfence::lab::measure
