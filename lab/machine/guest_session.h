// SPDX-License-Identifier: MIT
// The host's side of one run: it takes what the guest sends on its four ports, whatever machine the
// guest is on, and keeps what the kernel reports.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/control_channel.h"
#include "lab/machine/control_decoder.h"
#include "lab/machine/program_streams.h"

namespace ringfence::lab::machine {

/// The serial ports in order, COM1 to COM4; abi/ports.h says what each carries.
enum class Port : unsigned { KernelLog, ProgramOutput, ProgramError, Control };
inline constexpr usize port_count = 4;

/// What the kernel said of the run.
struct GuestReport {
    std::optional<abi::control::ExitStatus> exit;
    std::optional<abi::control::Statistics> statistics;
    std::optional<abi::control::Isolation> isolation;  ///< which design ran, and why
    std::vector<abi::control::UnknownSyscall> unknown_syscalls;
    std::string missing_files;   ///< paths that were looked for in vain, each with a NUL behind it
    std::string user_tables;     ///< one line per page of each process's user table
    std::string start_failure;   ///< why the program could not be started; empty if it was
    std::string kernel_log;      ///< everything on the log port
    std::string protocol_error;  ///< what was wrong on the control channel; empty if nothing
};

/// Used by one thread at a time.
class GuestSession {
public:
    /// `on_log`, if there is one, sees the kernel's log as it comes.
    explicit GuestSession(ProgramStreams& streams,
                          std::function<void(std::string_view)> on_log = {});

    /// Bytes that the guest sent. Waits for the host's standard input when the guest asks for some.
    /// False when the guest broke the protocol: the machine should be stopped.
    bool receive(Port port, std::string_view bytes);

    /// Bytes for the guest's control port that have not been taken yet.
    [[nodiscard]] std::string take_answer();

    /// Tells a guest whose console is a terminal that the terminal has another size now.
    void tell_window_size(const abi::control::WindowSize& size);

    [[nodiscard]] const GuestReport& report() const { return state_.report; }

    /// What it has heard and not yet said: another session that is given it goes on from there.
    struct State {
        ControlDecoder::State decoder{};
        GuestReport report{};
        std::string answer{};
    };
    [[nodiscard]] State state() const;
    void restore(State state);

private:
    void handle(abi::control::Record type, std::string_view payload);
    void answer_input(std::string_view payload);

    ProgramStreams& streams_;
    std::function<void(std::string_view)> on_log_;
    ControlDecoder decoder_;
    State state_;  ///< but for the decoder's, which has its own
};

}  // namespace ringfence::lab::machine
