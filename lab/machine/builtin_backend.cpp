// SPDX-License-Identifier: MIT
// Runs a guest on the built-in machine, in this process and on the calling thread.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "abi/ports.h"
#include "arch/x86/cpuid.h"
#include "lab/error.h"
#include "lab/machine/backend.h"
#include "lab/machine/bytes.h"
#include "sim/machine/machine.h"
#include "sim/observe/tracer.h"

namespace ringfence::lab::machine {

namespace {

using sim::machine::Machine;
using SimEnd = sim::machine::MachineEnd;

/// Takes one serial port's bytes to the session. A guest that breaks the protocol stops its
/// machine.
class PortSink final : public sim::memory::ByteSink {
public:
    PortSink(GuestSession& session, Port port, StopRequest& stop)
        : session_(session), port_(port), stop_(stop) {}

    void put(u8 byte) override {
        const char letter = static_cast<char>(byte);
        if (!session_.receive(port_, std::string_view(&letter, 1))) {
            stop_.request(StopReason::GuestFailed);
        }
    }

private:
    GuestSession& session_;
    Port port_;
    StopRequest& stop_;
};

/// The answers of a session, byte by byte.
class AnswerSource final : public sim::memory::ByteSource {
public:
    explicit AnswerSource(GuestSession& session) : session_(session) {}

    [[nodiscard]] bool available() override {
        if (next_ == answer_.size()) {
            answer_ = session_.take_answer();
            next_ = 0;
        }
        return next_ < answer_.size();
    }
    u8 take() override { return static_cast<u8>(answer_[next_++]); }

private:
    GuestSession& session_;
    std::string answer_;
    usize next_ = 0;
};

/// A trace file, with the symbols of the kernel and of the program where that has a fixed address.
class Trace {
public:
    Trace(const std::string& path, const MachineRequest& request)
        : path_(path), symbols_(request.kernel.symbols()) {
        symbols_.add_elf(as_span(request.program));
        file_ = std::fopen(path.c_str(), "we");
        if (file_ == nullptr) {
            fail_write();
        }
        tracer_ = std::make_unique<sim::observe::Tracer>(file_, symbols_);
    }
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;
    ~Trace() {
        if (file_ != nullptr) {
            std::fclose(file_);
        }
    }

    [[nodiscard]] sim::observe::Observer& observer() { return *tracer_; }
    void finish() {
        const bool failed = std::ferror(file_) != 0;
        if (std::fclose(std::exchange(file_, nullptr)) != 0 || failed) {
            fail_write();
        }
    }

private:
    [[noreturn]] void fail_write() const {
        fail(Failure::Own, "--trace {}: cannot be written: {}", path_, std::strerror(errno));
    }

    std::string path_;
    sim::observe::SymbolTable symbols_;
    std::FILE* file_ = nullptr;
    std::unique_ptr<sim::observe::Tracer> tracer_;
};

/// The counters of a run without those of the boot before it.
sim::observe::Counters since(const sim::observe::Counters& end,
                             const sim::observe::Counters& start) {
    sim::observe::Counters result = end;
    const auto subtract = [](auto& values, const auto& before) {
        for (usize i = 0; i < values.size(); ++i) {
            values[i] -= before[i];
        }
    };
    subtract(result.instructions, start.instructions);
    subtract(result.entries, start.entries);
    subtract(result.entries_from_user, start.entries_from_user);
    subtract(result.exceptions, start.exceptions);
    result.root_writes -= start.root_writes;
    result.root_writes_no_flush -= start.root_writes_no_flush;
    result.invlpg -= start.invlpg;
    result.invpcid -= start.invpcid;
    result.tlb_flushes -= start.tlb_flushes;
    result.page_walks -= start.page_walks;
    return result;
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
            return MachineEnd::Hang;
        case SimEnd::Reason::InstructionLimit:
            return MachineEnd::InstructionLimit;
        case SimEnd::Reason::Stopped:
            return MachineEnd::Stopped;
        case SimEnd::Reason::Reset:
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
    return end.reason == SimEnd::Reason::Reset ? "the guest reset the machine " + end.detail
                                               : end.detail;
}

/// What a timed run took after its boot.
void put_timed_counts(const Machine& machine, MachineOutcome& outcome) {
    const auto end = machine.timed_counts();
    if (!end) {
        return;
    }
    const auto& boot = machine.timed_counts_at_first_user();
    const sim::machine::TimedCounts start = boot ? *boot : *end;
    sim::observe::CostStack stack = end->stack;
    stack -= start.stack;
    outcome.stack = stack;
    outcome.cycles = stack.total();
    outcome.instruction_tlb_misses = end->instruction_tlb_misses - start.instruction_tlb_misses;
    outcome.data_tlb_misses = end->data_tlb_misses - start.data_tlb_misses;
    outcome.branches = end->branches - start.branches;
    outcome.mispredictions = end->mispredictions - start.mispredictions;
}

MachineOutcome outcome_of(const Machine& machine, const SimEnd& end) {
    MachineOutcome outcome{.end = end_of(end), .detail = detail_of(end)};
    const auto& boot = machine.counters_at_first_user();
    outcome.boot_instructions = (boot ? *boot : machine.counters()).total_instructions();
    outcome.counters = since(machine.counters(), boot ? *boot : machine.counters());
    put_timed_counts(machine, outcome);
    for (const auto& row : machine.unimplemented()) {
        outcome.unimplemented.push_back(
            {row.first_rip.value(), row.instruction, row.bytes, row.user, row.count});
    }
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
        sim::machine::MachineConfig config{.ram_bytes = request.memory_mib * mib,
                                           .cpu = cpus_.model(request.cpu),
                                           .kernel = as_span(request.kernel.bytes()),
                                           .initramfs = as_span(request.initramfs),
                                           .command_line = request.command_line};
        std::array<PortSink, port_count> sinks = {
            PortSink(session, Port::KernelLog, stop), PortSink(session, Port::ProgramOutput, stop),
            PortSink(session, Port::ProgramError, stop), PortSink(session, Port::Control, stop)};
        AnswerSource answers(session);
        for (usize i = 0; i < port_count; ++i) {
            config.serial[i].sink = &sinks[i];
        }
        config.serial[static_cast<usize>(Port::Control)].source = &answers;
        if (request.most_instructions != 0) {
            config.instruction_limit = request.most_instructions;
        }
        config.stop = &stop.flag();
        config.timed = request.timed;
        config.places = request.kernel.places();
        std::unique_ptr<Trace> trace;
        if (!request.trace_file.empty()) {
            trace = std::make_unique<Trace>(request.trace_file, request);
            config.observers.push_back(&trace->observer());
        }
        auto made = Machine::create(std::move(config));
        if (!made.ok()) {
            return {.end = MachineEnd::Broken, .detail = made.error()};
        }
        const auto machine = std::move(made).value();
        const SimEnd end = machine->run();
        if (trace) {
            trace->finish();
        }
        MachineOutcome outcome = outcome_of(*machine, end);
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
