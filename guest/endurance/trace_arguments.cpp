// SPDX-License-Identifier: MIT
// What ptrace takes: requests that there are, and what they take for addresses.
#include "guest/endurance/arguments.h"

namespace endurance {

uint64_t Arguments::trace_request() {
    constexpr uint64_t general = 0x4200;  // PTRACE_SETOPTIONS and what came after it
    constexpr uint64_t attach = 16;
    constexpr uint64_t seize = 0x4206;
    switch (random_.below(8)) {
        case 0:
            return random_.one_in(2) ? attach : seize;
        case 1:
            return word();
        case 2:
        case 3:
            return general + random_.below(20);
        default:
            return random_.below(40);
    }
}

/// Offsets in struct user, names of register sets, sizes, places in memory.
uint64_t Arguments::trace_address() {
    constexpr uint64_t user_area_words = 120;
    constexpr uint64_t extended_state = 0x202;
    switch (random_.below(6)) {
        case 0:
            return random_.below(4);
        case 1:
            return extended_state;
        case 2:
            return page();
        case 3:
            return word();
        default:
            return random_.below(user_area_words) * sizeof(uint64_t);
    }
}

}  // namespace endurance
