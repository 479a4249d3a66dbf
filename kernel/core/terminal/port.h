// SPDX-License-Identifier: MIT
// What is on the other side of a line discipline: the wire, or whatever stands for it, and those
// who sit at the terminal.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::kernel {

class TerminalPort {
public:
    /// Bytes that can be sent now.
    [[nodiscard]] virtual u64 room() const = 0;
    /// Sends bytes for which there is room.
    virtual void send(std::span<const u8> bytes) = 0;
    /// A signal for the group in the foreground.
    virtual void signal_foreground(u32 number) = 0;
    /// Output was stopped or goes on.
    virtual void flow_changed(bool stopped) = 0;
    /// What was received, or what waits to be sent, is thrown away.
    virtual void input_discarded() = 0;
    virtual void output_discarded() = 0;

protected:
    ~TerminalPort() = default;
};

}  // namespace ringfence::kernel
