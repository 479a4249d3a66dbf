// SPDX-License-Identifier: MIT
// A program on the kernel in a built-in machine that its owner can run, stop, look at, save and go
// on from, as often as it likes and in several threads.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lab/machine/guest_session.h"
#include "lab/machine/kernel_image.h"
#include "lab/machine/program_streams.h"
#include "lab/machine/serial_lines.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::machine {

/// Who runs a guest, and how: no part of its state, and given anew to each that goes on.
struct GuestRunOptions {
    std::vector<sim::observe::Observer*> observers{};  ///< outlive the machine
    bool strict_tlb = false;                           ///< as in MachineConfig
    bool timed = false;                                ///< as in MachineConfig
    u64 instruction_limit = ~u64{0};                   ///< counted from the first machine's start
    const std::atomic<bool>* stop = nullptr;           ///< as in MachineConfig
};

/// What a guest is made of.
struct GuestMachineConfig {
    sim::presets::CpuModel cpu;
    const KernelImage& kernel;   ///< outlives the construction
    std::string_view initramfs;  ///< the same
    std::string command_line{};
    std::string_view input{};  ///< standard input; outlives the guest and all that go on from it
    u64 memory_mib = 256;
    GuestRunOptions run{};
};

/// A guest between two instructions, with what the host has heard of it and not yet told it.
/// Immutable: any number of guests may go on from it, in any threads, and change nothing in it.
struct GuestMoment {
    std::shared_ptr<const sim::machine::Snapshot> machine;
    GuestSession::State session;
    std::string answer;  ///< of the session, that the guest has not taken
    CapturedStreams streams;
};

/// Used by one thread at a time.
class GuestMachine {
public:
    /// Throws Failure::Own if the machine cannot be made.
    explicit GuestMachine(GuestMachineConfig config);
    /// Goes on at `moment`, as the guest that it was saved of does. Throws as above.
    GuestMachine(const GuestMoment& moment, GuestRunOptions run);
    GuestMachine(const GuestMachine&) = delete;
    GuestMachine& operator=(const GuestMachine&) = delete;

    /// Throws Failure::Own if there is no room.
    [[nodiscard]] GuestMoment save() const;

    [[nodiscard]] sim::machine::Machine& machine() { return *machine_; }
    [[nodiscard]] const sim::machine::Machine& machine() const { return *machine_; }
    [[nodiscard]] const GuestReport& report() const { return session_.report(); }
    /// What the program has written to its standard output and its standard error.
    [[nodiscard]] const std::string& output() const { return streams_.output; }
    [[nodiscard]] const std::string& error() const { return streams_.error; }

    /// To an end, as Machine::run. Paused, and a report with a protocol error: the guest broke the
    /// protocol.
    sim::machine::MachineEnd run() { return machine_->run(); }
    sim::machine::MachineEnd run_to(u64 instructions) { return machine_->run_to(instructions); }

private:
    CapturedStreams streams_;
    GuestSession session_{streams_};
    SerialLines lines_{session_, [this] { machine_->pause(); }};
    std::unique_ptr<sim::machine::Machine> machine_;
};

}  // namespace ringfence::lab::machine
