// SPDX-License-Identifier: MIT
#include "lab/terminal/escape_keys.h"

namespace ringfence::lab::terminal {

namespace {
constexpr char control_a = 0x01;
}  // namespace

void EscapeKeys::take(std::string_view typed, std::string& to_guest) {
    for (const char letter : typed) {
        if (!after_prefix_ && letter == control_a) {
            after_prefix_ = true;
            continue;
        }
        if (after_prefix_ && (letter == 'x' || letter == 'X')) {
            stop_.request(machine::StopReason::Left);
        } else if (!after_prefix_ || letter == control_a) {
            to_guest += letter;
        }
        after_prefix_ = false;
    }
}

}  // namespace ringfence::lab::terminal
