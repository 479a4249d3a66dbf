// SPDX-License-Identifier: MIT
// A run along which one can go back. The way back is forward: to an earlier snapshot, and from
// there to where one wants to be.
#pragma once

#include <memory>
#include <string>

#include "lab/gdb/history.h"
#include "lab/gdb/recorded_io.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::gdb {

class Timeline {
public:
    /// All outlive it. It puts other machines in the place of `machine`, connected as `resume`
    /// says.
    Timeline(std::unique_ptr<sim::machine::Machine>& machine, RecordedIo& io,
             sim::machine::ResumeConfig resume, bool timed);

    /// Why there is no way back; empty if there is.
    [[nodiscard]] const std::string& no_history() const { return no_history_; }
    [[nodiscard]] u64 position() const { return machine_->counters().total_instructions(); }
    /// The furthest that one can go back.
    [[nodiscard]] u64 beginning() const;

    /// As Machine::run_to, but ends with InstructionLimit now and then before.
    sim::machine::MachineEnd run_to(u64 instructions);
    /// Makes the machine what it was when so many instructions had retired, between beginning() and
    /// where it has been. Its stops and watched ranges are gone.
    [[nodiscard]] Result<void, std::string> go_to(u64 instructions);
    /// The same for a moment of the history, by its number.
    [[nodiscard]] Result<void, std::string> go_to_moment(usize number);
    [[nodiscard]] const History& history() const { return history_; }

    /// The guest was changed from outside: from here on it goes another way, and back no further.
    void changed();

private:
    Result<void, std::string> restore(const History::Moment& moment);
    void run_quietly_to(u64 instructions);
    void begin();

    std::unique_ptr<sim::machine::Machine>& machine_;
    RecordedIo& io_;
    sim::machine::ResumeConfig resume_;
    History history_;
    std::string no_history_;
};

}  // namespace ringfence::lab::gdb
