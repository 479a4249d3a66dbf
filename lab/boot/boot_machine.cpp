// SPDX-License-Identifier: MIT
#include "lab/boot/boot_machine.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "lab/boot/console_input.h"
#include "lab/boot/job_source.h"
#include "lab/boot/last_instructions.h"
#include "lab/boot/make_machine.h"
#include "lab/boot/watched_run.h"
#include "lab/error.h"
#include "lab/gdb/debug_session.h"
#include "lab/machine/trace_file.h"

namespace ringfence::lab::boot {

using sim::machine::Machine;
using sim::machine::MachineEnd;

namespace {

/// What the guest's first serial port sends.
class ConsoleOutput final : public sim::memory::ByteSink {
public:
    ConsoleOutput(machine::ProgramStreams& streams, ConsoleRecord& record, ConsoleInput& input,
                  Progress& progress)
        : streams_(streams), record_(record), input_(input), progress_(progress) {}

    void put(u8 byte) override {
        const char letter = static_cast<char>(byte);
        const std::string_view bytes(&letter, 1);
        record_.add(bytes);
        streams_.write(machine::OutputStream::Output, bytes);
        input_.output_seen();
        progress_.sent();
    }

private:
    machine::ProgramStreams& streams_;
    ConsoleRecord& record_;
    ConsoleInput& input_;
    Progress& progress_;
};

/// Where Linux begins to panic, if its symbols say so.
std::optional<VirtualAddress> panic_address(const BootRequest& request) {
    const bool is_linux = request.kernel == nullptr || request.kernel->is_linux;
    return is_linux ? request.symbols().address_of("panic") : std::nullopt;
}

/// The host's side of one run.
class Run {
public:
    Run(const BootRequest& request, const ConsoleEnds& ends, machine::StopRequest& stop);

    BootResult to_its_end();

private:
    std::unique_ptr<Machine> make();
    void prepare_to_stop();
    MachineEnd debug();
    [[nodiscard]] bool is_at_save_point(const MachineEnd& end) const;
    void finish_instruction();
    void save();
    [[nodiscard]] u64 instruction_limit() const;
    [[nodiscard]] const Until& stops() const;

    const BootRequest& request_;
    machine::StopRequest& stop_;
    BootResult result_{};
    ConsoleInput input_;
    Progress progress_;
    WatchedIdleness idleness_;
    ConsoleOutput output_;
    JobSource job_;
    terminal::InputFeed& feed_;
    std::unique_ptr<machine::TraceFile> trace_;
    std::unique_ptr<gdb::DebugSession> debugger_;
    MarkWatcher marks_;
    std::unique_ptr<Machine> machine_;
};

Run::Run(const BootRequest& request, const ConsoleEnds& ends, machine::StopRequest& stop)
    : request_(request),
      stop_(stop),
      input_(ends.input, stop, request.cpu.clock_hz()),
      progress_(request.patience, request.cpu.clock_hz()),
      idleness_(input_, progress_),
      output_(ends.output, result_.console, input_, progress_),
      job_(request.program),
      feed_(ends.input),
      marks_(stops()) {
    if (request.loaded != nullptr) {
        result_.console = ConsoleRecord(request.loaded->saved.console);
    }
    if (!request.trace_file.empty()) {
        trace_ = std::make_unique<machine::TraceFile>(request.trace_file, request.symbols());
    }
    if (!request.gdb.empty()) {
        debugger_ = std::make_unique<gdb::DebugSession>(request.gdb);
    }
    machine_ = make();
    prepare_to_stop();
}

std::unique_ptr<Machine> Run::make() {
    Connections connections{.stop = &stop_.flag(),
                            .console = {.sink = &output_, .source = &input_},
                            .channel = &job_,
                            .idle_host = &idleness_,
                            .observers = {&marks_, &progress_},
                            .debugger = debugger_.get()};
    if (trace_) {
        connections.observers.push_back(&trace_->observer());
    }
    if (request_.spectator != nullptr) {
        connections.observers.push_back(&request_.spectator->observer());
    }
    auto machine = make_machine(request_, connections);
    if (request_.spectator != nullptr) {
        request_.spectator->attach(*machine);
    }
    return machine;
}

const Until& Run::stops() const {
    return request_.save ? request_.save->point.until : request_.until;
}

void Run::prepare_to_stop() {
    marks_.watch(*machine_);
    if (request_.save && request_.save->point.kind == SavePoint::Kind::Input) {
        input_.on_asking([this] {
            machine_->pause();
            return true;
        });
    }
}

/// In instructions since the machine was made.
u64 Run::instruction_limit() const {
    u64 most = request_.most_instructions != 0 ? request_.most_instructions : ~u64{0};
    if (request_.save && request_.save->point.kind == SavePoint::Kind::Instructions) {
        most = std::min(most, request_.save->point.instructions);
    }
    const u64 before = machine_->counters().total_instructions();
    return most > ~u64{0} - before ? ~u64{0} : before + most;
}

bool Run::is_at_save_point(const MachineEnd& end) const {
    if (!request_.save) {
        return false;
    }
    const SavePoint& point = request_.save->point;
    const bool by_count = point.kind == SavePoint::Kind::Instructions;
    const bool sooner_than_limit =
        request_.most_instructions == 0 || point.instructions <= request_.most_instructions;
    return by_count ? end.reason == MachineEnd::Reason::InstructionLimit && sooner_than_limit
                    : end.reason == MachineEnd::Reason::Paused;
}

/// The timed engine cannot be saved in the midst of a repeated string instruction.
void Run::finish_instruction() {
    using Reason = MachineEnd::Reason;
    bool goes_on = true;
    while (goes_on && !machine_->can_be_captured()) {
        const Reason reason =
            machine_->run_to(machine_->counters().total_instructions() + 1).reason;
        goes_on = reason == Reason::InstructionLimit || reason == Reason::Paused;
    }
}

void Run::save() {
    finish_instruction();
    SavedBoot saved{.kernel_name = request_.kernel_name(),
                    .command_line = request_.command_line,
                    .own_root = request_.own_root,
                    .takes_program = request_.save->takes_program,
                    .console = result_.console.tail()};
    auto section = sim::machine::make_section(saved_boot_section, saved);
    if (!section.ok()) {
        fail(Failure::Own, "{}: cannot be written: {}", request_.save->file, section.error());
    }
    const auto snapshot = machine_->capture({std::move(section).value()});
    if (!snapshot.ok()) {
        fail(Failure::Own, "{}: cannot be written: {}", request_.save->file, snapshot.error());
    }
    if (const auto written = snapshot.value()->write(request_.save->file); !written.ok()) {
        fail(Failure::Own, "{}", written.error());
    }
    result_.saved = true;
}

MachineEnd Run::debug() {
    const std::string_view kernel =
        request_.kernel != nullptr ? std::string_view{request_.kernel->bytes} : "";
    return debugger_->run(machine_,
                          {.is_64_bit = gdb::shows_64_bit(request_.cpu, kernel),
                           .timed = request_.timed,
                           .instruction_limit = instruction_limit(),
                           .symbols = request_.symbols,
                           .wake_on = [this](int descriptor) { feed_.wake_on(descriptor); }},
                          stop_);
}

BootResult Run::to_its_end() {
    if (debugger_) {
        result_.end = debug();
    } else {
        run_watched(*machine_, progress_,
                    {.limit = instruction_limit(),
                     .stops = stops().addresses,
                     .panic = panic_address(request_)},
                    result_);
    }
    if (is_at_save_point(result_.end)) {
        save();
    }
    if (trace_) {
        trace_->finish();
    }
    result_.input_sha256 = input_.sha256();
    result_.counters = machine_->counters();
    result_.cycles = machine_->cycles();
    result_.timed = machine_->timed_counts();
    result_.unimplemented = machine_->unimplemented();
    if (!result_.stuck.empty() && result_.failed.is_end) {
        result_.last = next_instructions(request_, *machine_);
    }
    return std::move(result_);
}

}  // namespace

BootResult run_boot(const BootRequest& request, const ConsoleEnds& ends,
                    machine::StopRequest& stop) {
    return Run(request, ends, stop).to_its_end();
}

}  // namespace ringfence::lab::boot
