// SPDX-License-Identifier: MIT
// The keys that a person at a raw terminal has for the command itself: all others are the guest's.
#pragma once

#include <string>
#include <string_view>

#include "lab/machine/stop_request.h"

namespace ringfence::lab::terminal {

/// Ctrl-A is followed by a letter for us: X leaves. Ctrl-A twice is one for the guest, and with any
/// other key it means nothing.
class EscapeKeys {
public:
    /// Leaving requests a stop: StopReason::Left.
    explicit EscapeKeys(machine::StopRequest& stop) : stop_(stop) {}

    /// Appends what of `typed` is the guest's. Ctrl-A may be the last byte of one call.
    void take(std::string_view typed, std::string& to_guest);

private:
    machine::StopRequest& stop_;
    bool after_prefix_ = false;
};

}  // namespace ringfence::lab::terminal
