// SPDX-License-Identifier: MIT
// A built-in machine whose console is the user's terminal: what is typed comes on the port of the
// program's output, and time in which the guest has nothing to do passes as fast as on the host.
#pragma once

#include <string>

#include "lab/machine/guest_session.h"
#include "lab/machine/terminal_link.h"
#include "sim/machine/idle_host.h"

namespace ringfence::lab::machine {

class ConsoleWire final : public sim::memory::ByteSource, public sim::machine::IdleHost {
public:
    /// `clock_hz`: cycles in a second. The others outlive it.
    ConsoleWire(TerminalLink& terminal, GuestSession& session, u64 clock_hz)
        : terminal_(terminal), session_(session), clock_hz_(clock_hz) {}

    [[nodiscard]] bool available() override;
    u8 take() override;
    /// The guest looks at the port with its timer's ticks, which are its next events: for what has
    /// been typed already the next one comes at once.
    u64 halted(const sim::machine::IdleMoment& moment) override;
    bool running() override;

private:
    void look();

    TerminalLink& terminal_;
    GuestSession& session_;
    u64 clock_hz_;
    std::string typed_;
    usize taken_ = 0;
};

}  // namespace ringfence::lab::machine
