// SPDX-License-Identifier: MIT
// The user's terminal, as a machine whose console it is sees it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "abi/control_channel.h"

namespace ringfence::lab::machine {

/// Used by the thread on which the machine runs.
class TerminalLink {
public:
    virtual ~TerminalLink() = default;

    /// What was typed for the guest since the last call, without waiting for it.
    virtual std::string take_typed() = 0;
    /// The terminal's size, if it has changed since the last call.
    virtual std::optional<abi::control::WindowSize> take_new_size() = 0;
    /// Waits until something may have been typed, a stop is requested, or `time` has passed.
    /// Answers how much has passed.
    virtual std::chrono::nanoseconds wait(std::chrono::nanoseconds time) = 0;
    /// What poll(2) can wait for; -1 if nothing will be typed any more.
    [[nodiscard]] virtual int descriptor() const = 0;
};

}  // namespace ringfence::lab::machine
