// SPDX-License-Identifier: MIT
// A machine's run with a debugger at hand: --gdb.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lab/gdb/listener.h"
#include "lab/gdb/recorded_io.h"
#include "lab/gdb/watched_idle_host.h"
#include "lab/machine/stop_request.h"
#include "sim/machine/machine.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::gdb {

/// What a session needs to know of the machine.
struct DebugRequest {
    /// Whether debuggers are told of 64-bit registers: see `shows_64_bit`.
    bool is_64_bit = true;
    bool timed = false;
    u64 instruction_limit = ~u64{0};  ///< since the machine was made
    /// For people; called when they are needed first.
    std::function<const sim::observe::SymbolTable&()> symbols;
    /// Called with the descriptor that becomes readable when the debugger sends something, for an
    /// idle host that waits on others; with -1 when there is none any more. May be empty.
    std::function<void(int)> wake_on{};
};

/// Debuggers are told of the registers once, before the kernel has chosen a mode: those of 64-bit
/// mode, unless the processor has none or the kernel's file is a 32-bit ELF file.
[[nodiscard]] bool shows_64_bit(const sim::presets::CpuModel& cpu, std::string_view kernel);

class DebugSession {
public:
    /// Throws if nobody can be waited for at `address` (Listener's).
    explicit DebugSession(const std::string& address) : listener_(address) {}

    /// To be done to a MachineConfig or ResumeConfig that is complete, before the machine is made.
    /// The session outlives the machine.
    template <typename Config>
    void attach(Config& config) {
        io_.attach(config);
        if (config.idle_host != nullptr) {
            idle_.wrap(*config.idle_host);
            config.idle_host = &idle_;
        }
        resume_.serial = config.serial;
        resume_.channel = config.channel;
        resume_.idle_host = config.idle_host;
        resume_.instruction_limit = config.instruction_limit;
        resume_.stop = config.stop;
        resume_.observers = config.observers;
        resume_.strict_tlb = config.strict_tlb;
    }

    /// Says on standard error where it waits, and waits for a debugger before the machine's next
    /// instruction. When the debugger leaves, the machine goes on to its end; when it kills the
    /// machine, a stop with StopReason::Left is requested. `machine` may be another one afterwards.
    sim::machine::MachineEnd run(std::unique_ptr<sim::machine::Machine>& machine,
                                 const DebugRequest& request, machine::StopRequest& stop);

private:
    Listener listener_;
    RecordedIo io_;
    WatchedIdleHost idle_{io_};
    sim::machine::ResumeConfig resume_;  ///< for machines that go on from an earlier moment
};

}  // namespace ringfence::lab::gdb
