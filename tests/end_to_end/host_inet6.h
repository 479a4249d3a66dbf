// SPDX-License-Identifier: MIT
// Whether this host can say what programs do by IPv6: containers often have none.
#pragma once

#include <fstream>
#include <string>

namespace ringfence::end_to_end {

/// True if the interface lo has ::1.
inline bool host_has_inet6() {
    std::ifstream addresses("/proc/net/if_inet6");
    std::string line;
    while (std::getline(addresses, line)) {
        if (line.starts_with("00000000000000000000000000000001 01 ")) {
            return true;
        }
    }
    return false;
}

}  // namespace ringfence::end_to_end
