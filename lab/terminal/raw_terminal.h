// SPDX-License-Identifier: MIT
// Standard input as a terminal whose keys all go to the guest, Ctrl-C among them.
#pragma once

namespace ringfence::lab::terminal {

/// While one lives, standard input does not echo, gathers no lines and sends no signals; if it is
/// no terminal, nothing happens. At most one at a time. The terminal is put back when this is
/// destroyed, when the process exits, and when a signal that cannot be survived ends it.
class RawTerminal {
public:
    RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();

    /// Puts the terminal back at once, for a process that is about to end. May be called in a
    /// signal handler and more than once.
    static void restore();
};

}  // namespace ringfence::lab::terminal
