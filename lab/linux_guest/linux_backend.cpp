// SPDX-License-Identifier: MIT
#include "lab/linux_guest/linux_backend.h"

#include <cstring>

#include "abi/ports.h"
#include "arch/x86/cpuid.h"
#include "lab/boot/job_source.h"
#include "lab/boot/until.h"
#include "lab/error.h"
#include "lab/linux_guest/job_result.h"
#include "lab/linux_guest/measured_span.h"
#include "lab/machine/counted.h"

namespace ringfence::lab::linux_guest {

using machine::GuestSession;
using machine::MachineEnd;
using machine::MachineOutcome;
using machine::MachineRequest;
using machine::Port;
using machine::StopRequest;
using sim::machine::Machine;
using SimEnd = sim::machine::MachineEnd;

namespace {

constexpr auto starts = static_cast<u32>(abi::ProgramMark::Starts);

/// What Linux prints, without the carriage returns of a terminal.
class ConsoleSink final : public sim::memory::ByteSink {
public:
    explicit ConsoleSink(GuestSession& session) : session_(session) {}
    void put(u8 byte) override {
        if (byte != '\r') {
            const char letter = static_cast<char>(byte);
            session_.receive(Port::KernelLog, std::string_view(&letter, 1));
        }
    }

private:
    GuestSession& session_;
};

template <typename Payload>
void send_record(GuestSession& session, abi::control::Record type, const Payload& payload) {
    const abi::control::RecordHeader header{.type = type, .size = sizeof payload};
    std::string bytes(sizeof header + sizeof payload, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, &payload, sizeof payload);
    session.receive(Port::Control, bytes);
}

/// [linux/abi]: Documentation/ABI/testing/sysfs-devices-system-cpu
abi::control::Isolation isolation_of(const abi::linux_session::Result& result,
                                     const std::string& options) {
    using abi::control::IsolationRequest;
    return {
        .required = std::string_view(result.meltdown) != "Not affected" ? 1U : 0U,
        .requested = options.starts_with("pti=on") ? IsolationRequest::On : IsolationRequest::Off,
        .enabled = result.isolated,
        .pcid = result.pcid};
}

class LinuxBackend final : public machine::MachineBackend {
public:
    LinuxBackend(CpuSelection cpus, const LinuxKernel& kernel, Cache cache)
        : cpus_(std::move(cpus)), booted_(kernel, cache) {}

    [[nodiscard]] bool has_pcid(const std::string& cpu) const override {
        return cpus_.model(cpu).has(arch::x86::cpuid_feature::pcid);
    }
    [[nodiscard]] std::optional<u64> clock_hz(const std::string& cpu) const override {
        return cpus_.model(cpu).clock_hz();
    }
    [[nodiscard]] MachineOutcome run(const MachineRequest& request, GuestSession& session,
                                     StopRequest& stop) override;

private:
    CpuSelection cpus_;
    BootedLinux booted_;
};

/// One program's run: from a booted machine to the program's start, then on, timed if wanted.
class ProgramRun {
public:
    ProgramRun(const MachineRequest& request, GuestSession& session, StopRequest& stop)
        : request_(request),
          session_(session),
          stop_(stop),
          job_(request.initramfs),
          console_(session) {}

    MachineOutcome run(const sim::machine::Snapshot& booted) {
        const boot::Until until{.marks = {starts}};
        boot::MarkWatcher watcher(until);
        resume(booted, false, {&span_, &watcher});
        watcher.watch(*machine_);
        SimEnd end = machine_->run();
        if (end.reason == SimEnd::Reason::Paused) {
            const auto started = machine_->capture();
            if (!started.ok()) {
                fail(Failure::Own, "{}", started.error());
            }
            boot_instructions_ = machine_->counters().total_instructions();
            resume(*started.value(), request_.timed, {&span_});
            end = machine_->run_to(instruction_limit());
        }
        return outcome_of(end);
    }

private:
    void resume(const sim::machine::Snapshot& snapshot, bool timed,
                std::vector<sim::observe::Observer*> observers) {
        sim::machine::ResumeConfig config;
        config.serial[0].sink = &console_;
        config.channel = {.sink = &result_, .source = &job_};
        config.stop = &stop_.flag();
        config.timed = timed;
        config.observers = std::move(observers);
        auto made = Machine::resume(snapshot, std::move(config));
        if (!made.ok()) {
            fail(Failure::Own, "{}", made.error());
        }
        machine_ = std::move(made).value();
    }

    /// Since the machine was made; what the user allows is for the program.
    [[nodiscard]] u64 instruction_limit() const {
        return request_.most_instructions == 0 ? ~u64{0}
                                               : boot_instructions_ + request_.most_instructions;
    }

    MachineOutcome outcome_of(const SimEnd& end) {
        MachineOutcome outcome{.end = end_of(end), .detail = end.detail};
        outcome.boot_instructions = boot_instructions_;
        put_unimplemented(outcome, *machine_);
        if (outcome.end == MachineEnd::Finished) {
            take_result(outcome);
        }
        return outcome;
    }

    static MachineEnd end_of(const SimEnd& end) {
        switch (end.reason) {
            case SimEnd::Reason::DebugExit:
                return end.exit_code == static_cast<u32>(abi::MachineExit::Finished)
                           ? MachineEnd::Finished
                           : MachineEnd::KernelPanic;
            case SimEnd::Reason::InstructionLimit:
                return MachineEnd::InstructionLimit;
            case SimEnd::Reason::Stopped:
                return MachineEnd::Stopped;
            case SimEnd::Reason::TripleFault:
                return MachineEnd::TripleFault;
            case SimEnd::Reason::HaltedForever:
            case SimEnd::Reason::Stuck:
                return MachineEnd::Hang;
            case SimEnd::Reason::Reset:
                return MachineEnd::KernelPanic;
            case SimEnd::Reason::PowerOff:
            case SimEnd::Reason::Paused:
                break;
        }
        return MachineEnd::Broken;
    }

    void take_result(MachineOutcome& outcome) {
        const auto given = result_.result();
        if (!given.ok()) {
            outcome.end = MachineEnd::Broken;
            outcome.detail = given.error();
            return;
        }
        const JobResult& job = given.value();
        if (job.result.failure != 0) {
            const std::string reason =
                fmt::format("Linux does not execute the program: {}",
                            std::strerror(static_cast<int>(job.result.failure)));
            send_failure(reason);
        } else if (!span_.begin() || !span_.end()) {
            outcome.end = MachineEnd::Broken;
            outcome.detail = "the program ran, but the guest did not mark where";
            return;
        } else {
            put_counts(outcome, *span_.begin(), *span_.end());
        }
        session_.receive(Port::ProgramOutput, job.output);
        session_.receive(Port::ProgramError, job.error);
        send_record(session_, abi::control::Record::Isolation,
                    isolation_of(job.result, request_.command_line));
        send_record(
            session_, abi::control::Record::ExitStatus,
            abi::control::ExitStatus{.code = job.result.exit_code, .signal = job.result.signal});
    }

    void send_failure(const std::string& reason) {
        const abi::control::RecordHeader header{.type = abi::control::Record::RunFailed,
                                                .size = static_cast<u32>(reason.size())};
        std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
        session_.receive(Port::Control, bytes + reason);
    }

    const MachineRequest& request_;
    GuestSession& session_;
    StopRequest& stop_;
    boot::JobSource job_;
    ResultSink result_;
    ConsoleSink console_;
    std::unique_ptr<Machine> machine_;
    MeasuredSpan span_{[this] { return machine::Counted::of(*machine_); }};
    u64 boot_instructions_ = 0;
};

MachineOutcome LinuxBackend::run(const MachineRequest& request, GuestSession& session,
                                 StopRequest& stop) {
    const auto booted =
        booted_.get(cpus_.model(request.cpu), "mitigations=off " + request.command_line,
                    request.memory_mib, stop);
    if (booted == nullptr) {
        return {.end = MachineEnd::Stopped};
    }
    return ProgramRun(request, session, stop).run(*booted);
}

}  // namespace

std::unique_ptr<machine::MachineBackend> make_linux_backend(CpuSelection cpus,
                                                            const LinuxKernel& kernel,
                                                            Cache cache) {
    return std::make_unique<LinuxBackend>(std::move(cpus), kernel, cache);
}

}  // namespace ringfence::lab::linux_guest
