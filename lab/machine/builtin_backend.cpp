// SPDX-License-Identifier: MIT
// Runs a guest on the built-in machine, in this process and on the calling thread.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <memory>
#include <utility>

#include "abi/ports.h"
#include "arch/x86/cpuid.h"
#include "lab/gdb/debug_session.h"
#include "lab/machine/backend.h"
#include "lab/machine/builtin_config.h"
#include "lab/machine/bytes.h"
#include "lab/machine/console_wire.h"
#include "lab/machine/counted.h"
#include "lab/machine/serial_lines.h"
#include "lab/machine/trace_file.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::machine {

namespace {

using sim::machine::Machine;
using SimEnd = sim::machine::MachineEnd;

/// Of the kernel, and of the program where that has a fixed address.
sim::observe::SymbolTable symbols_of(const MachineRequest& request) {
    sim::observe::SymbolTable symbols = request.kernel->symbols();
    symbols.add_elf(as_span(request.program));
    return symbols;
}

std::unique_ptr<TraceFile> open_trace(const MachineRequest& request) {
    return request.trace_file.empty()
               ? nullptr
               : std::make_unique<TraceFile>(request.trace_file, symbols_of(request));
}

struct Finished {
    std::unique_ptr<Machine> machine;
    SimEnd end;
};

/// To its end, with a debugger if one is wanted.
Result<Finished, std::string> run_machine(sim::machine::MachineConfig config,
                                          const MachineRequest& request, StopRequest& stop) {
    std::unique_ptr<gdb::DebugSession> debugger;
    if (!request.gdb.empty()) {
        debugger = std::make_unique<gdb::DebugSession>(request.gdb);
        debugger->attach(config);
    }
    sim::observe::SymbolTable symbols;
    if (debugger) {
        symbols = symbols_of(request);
    }
    const gdb::DebugRequest wanted{
        .is_64_bit = gdb::shows_64_bit(config.cpu, request.kernel->bytes()),
        .timed = config.timed,
        .instruction_limit = config.instruction_limit,
        .symbols = [&]() -> const auto& { return symbols; }};
    if (request.spectator != nullptr) {
        config.observers.push_back(&request.spectator->observer());
        config.strict_tlb = request.strict_tlb;
    }
    RF_TRY_ASSIGN(machine, Machine::create(std::move(config)));
    if (request.spectator != nullptr) {
        request.spectator->attach(*machine);
    }
    const SimEnd end = debugger ? debugger->run(machine, wanted, stop) : machine->run();
    return Finished{std::move(machine), end};
}

MachineEnd end_of(const SimEnd& end) {
    switch (end.reason) {
        case SimEnd::Reason::DebugExit:
            return end.exit_code == static_cast<u32>(abi::MachineExit::Finished)
                       ? MachineEnd::Finished
                       : MachineEnd::KernelPanic;
        case SimEnd::Reason::TripleFault:
            return MachineEnd::TripleFault;
        case SimEnd::Reason::HaltedForever:
        case SimEnd::Reason::Stuck:
            return MachineEnd::Hang;
        case SimEnd::Reason::InstructionLimit:
            return MachineEnd::InstructionLimit;
        case SimEnd::Reason::Stopped:
            return MachineEnd::Stopped;
        case SimEnd::Reason::PowerOff:
        case SimEnd::Reason::Reset:
        case SimEnd::Reason::Paused:
            break;
    }
    return MachineEnd::Broken;
}

std::string detail_of(const SimEnd& end) {
    if (end.reason == SimEnd::Reason::DebugExit) {
        return end.exit_code == static_cast<u32>(abi::MachineExit::KernelPanic)
                   ? "the kernel stopped itself"
                   : fmt::format("the kernel ended the machine with code {:#x}", end.exit_code);
    }
    if (end.reason == SimEnd::Reason::PowerOff) {
        return "the guest switched the machine off " + end.detail;
    }
    if (end.reason == SimEnd::Reason::Stuck) {
        return end.how + ", " + end.detail;
    }
    return end.reason == SimEnd::Reason::Reset ? "the guest reset the machine " + end.detail
                                               : end.detail;
}

/// The kernel notes it at a physical address that is also the symbol's.
std::optional<u64> displacement_of(Machine& machine, const KernelImage& kernel) {
    const auto address = kernel.symbols().address_of("layout_displacements");
    std::array<u8, sizeof(u64)> bytes{};
    if (!address || !machine.debug_view().read(PhysicalAddress{address->value()}, bytes)) {
        return std::nullopt;
    }
    return std::bit_cast<u64>(bytes);
}

MachineOutcome outcome_of(const Machine& machine, const SimEnd& end) {
    MachineOutcome outcome{.end = end_of(end), .detail = detail_of(end)};
    const Counted all = Counted::of(machine);
    const auto& boot = machine.counters_at_first_user();
    const Counted begin = boot ? Counted{*boot, machine.timed_counts_at_first_user()} : all;
    outcome.boot_instructions = begin.counters.total_instructions();
    put_counts(outcome, begin, all);
    put_unimplemented(outcome, machine);
    return outcome;
}

class BuiltinBackend : public MachineBackend {
public:
    explicit BuiltinBackend(CpuSelection cpus) : cpus_(std::move(cpus)) {}

    [[nodiscard]] bool has_pcid(const std::string& cpu) const override {
        return cpus_.model(cpu).has(arch::x86::cpuid_feature::pcid);
    }

    [[nodiscard]] std::optional<u64> clock_hz(const std::string& cpu) const override {
        return cpus_.model(cpu).clock_hz();
    }

    [[nodiscard]] MachineOutcome run(const MachineRequest& request, GuestSession& session,
                                     StopRequest& stop) override {
        SerialLines lines(session, [&stop] { stop.request(StopReason::GuestFailed); });
        const auto cpu = cpus_.model(request.cpu);
        std::optional<ConsoleWire> console;
        if (request.terminal != nullptr) {
            console.emplace(*request.terminal, session, cpu.clock_hz());
            lines.set_console_source(*console);
        }
        sim::machine::MachineConfig config = make_config(request, cpu, lines, stop);
        config.idle_host = console ? &*console : nullptr;
        const std::unique_ptr<TraceFile> trace = open_trace(request);
        if (trace) {
            config.observers.push_back(&trace->observer());
        }
        auto run = run_machine(std::move(config), request, stop);
        if (!run.ok()) {
            return {.end = MachineEnd::Broken, .detail = run.error()};
        }
        if (trace) {
            trace->finish();
        }
        MachineOutcome outcome = outcome_of(*run.value().machine, run.value().end);
        outcome.kernel_displacement = displacement_of(*run.value().machine, *request.kernel);
        if (!session.report().protocol_error.empty()) {
            outcome.end = MachineEnd::Broken;
        }
        return outcome;
    }

private:
    CpuSelection cpus_;
};

}  // namespace

std::unique_ptr<MachineBackend> make_builtin_backend(CpuSelection cpus) {
    return std::make_unique<BuiltinBackend>(std::move(cpus));
}

}  // namespace ringfence::lab::machine
