// SPDX-License-Identifier: MIT
// GDB's remote serial protocol, one packet at a time: what a packet asks of the target, and the
// answer. Knows nothing of lines and checksums.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lab/gdb/hex.h"
#include "lab/gdb/registers.h"
#include "lab/gdb/target.h"

namespace ringfence::lab::gdb {

class Commands {
public:
    enum class State {
        Attached,
        Detached,  ///< the debugger has left: the machine may go on
        Killed,    ///< the debugger wants the machine to end
        Ended,     ///< the machine has ended, and the debugger knows
    };

    /// Both outlive it.
    Commands(Target& target, Debugger& debugger);

    /// The answer to a packet: empty (an empty packet) for one that is not known, nothing for one
    /// that has no answer. A packet that makes no sense gets an error, and changes nothing.
    [[nodiscard]] std::optional<std::string> handle(std::string_view packet);

    [[nodiscard]] State state() const { return state_; }
    /// Whether packets are acknowledged no more.
    [[nodiscard]] bool without_acknowledgement() const { return without_acknowledgement_; }

private:
    using Answer = std::optional<std::string>;

    Answer handle_query(std::string_view packet);
    Answer handle_setting(std::string_view packet);
    Answer handle_long_name(std::string_view packet);
    std::string supported(std::string_view features);
    [[nodiscard]] std::string transfer(Fields fields) const;
    std::string run_monitor(std::string_view hex);

    std::string read_registers();
    std::string write_registers(std::string_view hex);
    std::string read_register(Fields fields);
    std::string write_register(Fields fields);
    std::string read_memory(Fields fields);
    std::string write_memory(Fields fields, bool binary);
    std::string change_stop(Fields fields, bool insert);

    std::string resume_at(Fields fields, Motion motion);
    std::string resume_by_action(Fields fields);
    std::string resume(Motion motion);
    [[nodiscard]] std::string stop_reply(const Halt& halt) const;

    Target& target_;
    Debugger& debugger_;
    RegisterLayout layout_;
    Stops stops_;
    Space space_ = Space::Virtual;
    State state_ = State::Attached;
    std::string last_stop_;
    bool without_acknowledgement_ = false;
    bool knows_breakpoint_reasons_ = false;
};

}  // namespace ringfence::lab::gdb
