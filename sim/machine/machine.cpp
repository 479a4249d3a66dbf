// SPDX-License-Identifier: MIT
#include "sim/machine/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/x86/cpuid.h"
#include "sim/cpu/cpu.h"
#include "sim/devices/platform.h"
#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/machine/boot/protocols.h"
#include "sim/machine/mp_table.h"
#include "sim/machine/processor_features.h"
#include "sim/machine/standstill.h"
#include "sim/machine/store_reporter.h"
#include "sim/memory/physical_memory.h"
#include "sim/observe/recorder.h"
#include "sim/presets/saved_cpu.h"
#include "sim/presets/timing_parameters.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::machine {

using cpu::Gpr;
using cpu::StopReason;
using memory::PhysicalMemory;
using Reason = MachineEnd::Reason;

namespace {

/// The stop flag is looked at after this many instructions at the latest: well under 100 ms. How
/// long a slice is changes nothing in the guest.
constexpr u64 fast_slice = 2'000'000;
constexpr u64 timed_slice = 200'000;

TimedCounts counts_of(const isa::x86::TimedExecution& timed) {
    const mmu::TranslationStatistics& translation = timed.memory().translator().statistics();
    return {.stack = timed.core().stack(),
            .instruction_tlb_misses = translation.instruction.first_level_misses,
            .data_tlb_misses = translation.data.first_level_misses,
            .page_walks = translation.instruction.walks + translation.data.walks,
            .branches = timed.core().branches(),
            .mispredictions = timed.core().mispredictions()};
}

/// Remembers the counters at the first return to user mode.
class FirstUserMarker final : public observe::Observer {
public:
    explicit FirstUserMarker(const observe::Counters& counters) : counters_(counters) {}
    void watch(const isa::x86::TimedExecution& timed) { timed_ = &timed; }
    void user_entered(VirtualAddress) override { remember(); }
    [[nodiscard]] const std::optional<observe::Counters>& marked() const { return marked_; }
    [[nodiscard]] const std::optional<TimedCounts>& timed_marked() const { return timed_marked_; }

    void visit_state(state::Visitor& visitor) {
        std::vector<observe::Counters> marked;
        if (marked_) {
            marked.push_back(*marked_);
        }
        visitor.groups("marked", marked, 1,
                       [&](observe::Counters& counters) { counters.visit_state(visitor); });
        if (visitor.loading() && !marked.empty()) {
            marked_ = marked.front();
        }
        visitor.optional("timed_marked", timed_marked_);
        // Not state: counters_, timed_ (wiring)
    }

private:
    void remember() {
        if (!marked_) {
            marked_ = counters_;
            if (timed_ != nullptr) {
                timed_marked_ = counts_of(*timed_);
            }
        }
    }
    const observe::Counters& counters_;
    const isa::x86::TimedExecution* timed_ = nullptr;
    std::optional<observe::Counters> marked_;
    std::optional<TimedCounts> timed_marked_;
};

devices::PlatformOptions platform_options(const MachineConfig& config) {
    return {.core_hz = config.cpu.clock_hz(),
            .ram_bytes = config.ram_bytes,
            .local_apic = apic_features(config.cpu),
            .start_seconds = config.start_seconds,
            .test_device = config.test_device,
            .serial = config.serial,
            .channel = config.channel};
}

Result<PhysicalMemory, std::string> make_memory(u64 bytes, const memory::RamImage* image) {
    auto ram = PhysicalMemory::create(bytes, image);
    if (ram.ok()) {
        return std::move(ram).value();
    }
    return ram.error() == PhysicalMemory::CreateError::BadSize
               ? Error{fmt::format("memory: {} bytes; expected a multiple of 4 KiB from 1 MiB to "
                                   "256 GiB",
                                   bytes)}
               : Error{fmt::format("memory: the host has no room for {} MiB", bytes / mib)};
}

}  // namespace

void TimedCounts::visit_state(state::Visitor& visitor) {
    visitor.part("stack", stack);
    visitor.field("instruction_tlb_misses", instruction_tlb_misses);
    visitor.field("data_tlb_misses", data_tlb_misses);
    visitor.field("page_walks", page_walks);
    visitor.field("branches", branches);
    visitor.field("mispredictions", mispredictions);
}

/// In the order of who refers to whom.
struct Machine::Parts {
    Parts(MachineConfig given, PhysicalMemory ram)
        : config(std::move(given)),
          memory(std::move(ram)),
          platform(platform_options(config), memory, recorder),
          first_user(recorder.counters),
          cpu({.memory = memory,
               .ports = platform,
               .pins = platform.pins(),
               .interrupts = platform,
               .clock = platform.clock(),
               .recorder = recorder,
               .model = config.cpu,
               .paging = paging_features(config.cpu),
               .transactions = write_set_shape(config.cpu),
               .places = config.places}),
          engine(cpu, memory),
          standstill(cpu, engine, memory, platform, config.most_fruitless_exceptions) {
        memory.set_store_listener(&store_reporter);
        recorder.add(first_user);
        recorder.add(unimplemented);
        for (observe::Observer* const observer : config.observers) {
            recorder.add(*observer);
        }
        cpu.mmu.set_strict(config.strict_tlb);
        if (config.timed) {
            timed.emplace(cpu, memory, presets::timing_parameters(config.cpu));
            first_user.watch(*timed);
        }
    }

    /// Calls `visit(name, part)` for each part that has state; stops at the first error.
    /// The timed engine's only if that is part of a snapshot.
    template <typename Visit>
    Result<void, std::string> for_each_part(Visit visit, bool is_saved_timed) {
        RF_TRY(visit("devices", platform));
        RF_TRY(visit("cpu", cpu));
        RF_TRY(visit("engine", engine));
        RF_TRY(visit("counters", recorder.counters));
        RF_TRY(visit("first_user", first_user));
        RF_TRY(visit("unimplemented", unimplemented));
        return is_saved_timed ? visit("timing", *timed) : Result<void, std::string>{};
    }

    MachineConfig config;
    observe::Recorder recorder;
    StoreReporter store_reporter{recorder};
    PhysicalMemory memory;
    devices::Platform platform;
    FirstUserMarker first_user;
    observe::UnimplementedCollector unimplemented;
    cpu::Cpu cpu;
    std::optional<isa::x86::TimedExecution> timed;
    isa::x86::Engine engine;
    Standstill standstill;
};

Machine::Machine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Machine::~Machine() = default;

Result<std::unique_ptr<Machine>, std::string> Machine::create(MachineConfig config) {
    if (config.mp_table && !config.cpu.has(arch::x86::cpuid_feature::apic)) {
        return Error{
            fmt::format("MP table: the CPU {} has no local APIC to tell of", config.cpu.name())};
    }
    RF_TRY_ASSIGN(ram, make_memory(config.ram_bytes, nullptr));
    auto parts = std::make_unique<Parts>(std::move(config), std::move(ram));
    const auto loaded = boot::load(parts->memory, parts->config.boot);
    if (!loaded.ok()) {
        return Error{loaded.error()};
    }
    if (parts->config.mp_table) {
        publish_mp_table(parts->memory, parts->config.cpu);
    }
    boot::start(parts->cpu, loaded.value());
    return std::unique_ptr<Machine>{new Machine{std::move(parts)}};
}

Result<std::unique_ptr<Machine>, std::string> Machine::resume(const Snapshot& snapshot,
                                                              ResumeConfig config) {
    RF_TRY_ASSIGN(saved, snapshot.config());
    RF_TRY_ASSIGN(cpu, snapshot.cpu());
    if (config.cpu) {
        if (const auto difference = presets::visible_difference(cpu, *config.cpu)) {
            return Error{
                fmt::format("{}: was saved with another CPU: {} is not the same on {} and "
                            "{}",
                            snapshot.name(), *difference, cpu.name(), config.cpu->name())};
        }
        cpu = *std::move(config.cpu);
    }
    RF_TRY_ASSIGN(ram, make_memory(saved.ram_bytes, &snapshot.ram()));
    auto parts =
        std::make_unique<Parts>(MachineConfig{.ram_bytes = saved.ram_bytes,
                                              .cpu = std::move(cpu),
                                              .boot = {},
                                              .serial = config.serial,
                                              .channel = config.channel,
                                              .idle_host = config.idle_host,
                                              .instruction_limit = config.instruction_limit,
                                              .stop = config.stop,
                                              .observers = std::move(config.observers),
                                              .places = saved.places,
                                              .start_seconds = saved.start_seconds,
                                              .test_device = saved.test_device,
                                              .strict_tlb = config.strict_tlb,
                                              .timed = saved.timed || config.timed,
                                              .ends_when_stuck = config.ends_when_stuck},
                                std::move(ram));
    RF_TRY(parts->for_each_part(
        [&](const char* name, auto& part) { return snapshot.load(name, part); }, saved.timed));
    // Time is kept twice, and leaves room to go on.
    constexpr u64 end_of_time = u64{1} << 59;
    const u64 now = parts->cpu.cycles;
    const bool agrees = !saved.timed || parts->timed->core().now() == now;
    if (!agrees || now != parts->platform.clock().now || now > end_of_time) {
        return Error{
            fmt::format("{}: an impossible time, cycle {}", snapshot.name(), parts->cpu.cycles)};
    }
    if (parts->timed && !saved.timed) {
        parts->timed->idle_until(parts->cpu.cycles);
    }
    return std::unique_ptr<Machine>{new Machine{std::move(parts)}};
}

Result<std::shared_ptr<const Snapshot>, std::string> Machine::capture(
    std::vector<snapshot::Section> own) const {
    Parts& parts = *parts_;
    std::vector<snapshot::Section> sections;
    const auto add = [&](const char* name, auto& part) -> Result<void, std::string> {
        RF_TRY_ASSIGN(section, make_section(name, part));
        sections.push_back(std::move(section));
        return {};
    };
    SavedConfig config{.ram_bytes = parts.config.ram_bytes,
                       .start_seconds = parts.config.start_seconds,
                       .places = parts.config.places,
                       .test_device = parts.config.test_device,
                       .timed = parts.config.timed};
    presets::SavedCpu cpu{parts.config.cpu};
    RF_TRY(add(config_section, config));
    RF_TRY(add(cpu_section, cpu));
    RF_TRY(parts.for_each_part(add, parts.config.timed));
    std::ranges::move(own, std::back_inserter(sections));
    RF_TRY_ASSIGN(ram, parts.memory.capture());
    return std::make_shared<const Snapshot>("the machine", std::move(sections), std::move(ram));
}

MachineEnd Machine::run() {
    return run_to(parts_->config.instruction_limit);
}

MachineEnd Machine::run_to(u64 instructions) {
    Parts& parts = *parts_;
    const u64 limit = std::min(instructions, parts.config.instruction_limit);
    const u64 slice = parts.config.timed ? timed_slice : fast_slice;
    if (parts.timed) {
        parts.timed->report(parts.recorder.wants_timing());
    }
    for (;;) {
        if (parts.config.stop != nullptr && parts.config.stop->load(std::memory_order_relaxed)) {
            return end(Reason::Stopped);
        }
        const u64 done = counters().total_instructions();
        if (done >= limit) {
            return end(Reason::InstructionLimit);
        }
        if (parts.config.idle_host != nullptr && parts.config.idle_host->running()) {
            parts.platform.poll_serial();
        }
        switch (parts.engine.run(done + std::min(slice, limit - done))) {
            case StopReason::EventDue:
                if (auto ended = end_after_events()) {
                    return *std::move(ended);
                }
                break;
            case StopReason::InstructionLimit:
                if (auto ended = end_if_stuck(limit, false)) {
                    return *std::move(ended);
                }
                break;
            case StopReason::NoProgress:
                if (auto ended = end_if_stuck(limit, true)) {
                    return *std::move(ended);
                }
                break;
            case StopReason::EndRequested:
                return guest_end();
            case StopReason::PauseRequested:
                return end(Reason::Paused);
            case StopReason::Halted:
                if (auto ended = pass_idle_time()) {
                    return *std::move(ended);
                }
                break;
            case StopReason::TripleFault:
                return triple_fault_end();
        }
    }
}

std::optional<MachineEnd> Machine::end_if_stuck(u64 limit, bool by_faults) {
    Parts& parts = *parts_;
    if (!parts.config.ends_when_stuck) {
        return std::nullopt;
    }
    const Standstill::Finding found =
        by_faults ? parts.standstill.look_at_faults() : parts.standstill.look(limit);
    if (found.pauses) {
        return end(Reason::Paused);
    }
    if (found.how.empty()) {
        return std::nullopt;
    }
    MachineEnd stuck = end(Reason::Stuck);
    stuck.how = found.how;
    return stuck;
}

/// Runs the devices' events. A processor that is halted with interrupts off wakes for NMIs only.
std::optional<MachineEnd> Machine::end_after_events() {
    Parts& parts = *parts_;
    parts.platform.run_events();
    const bool deaf = !parts.cpu.interrupts_enabled() &&
                      !parts.platform.pins().non_maskable_interrupt &&
                      !parts.platform.pins().machine_check && !parts.platform.nmi_may_come();
    if (parts.cpu.halted && deaf) {
        return end(Reason::HaltedForever);
    }
    return std::nullopt;
}

/// Halted: time passes until the next event, or until something comes from outside.
std::optional<MachineEnd> Machine::pass_idle_time() {
    Parts& parts = *parts_;
    const u64 left = parts.platform.clock().next_event == IdleMoment::never
                         ? IdleMoment::never
                         : parts.platform.clock().next_event - parts.cpu.cycles;
    u64 passing = left;
    if (parts.config.idle_host != nullptr && parts.cpu.interrupts_enabled()) {
        passing = std::min(
            left, parts.config.idle_host->halted({.now = parts.cpu.cycles,
                                                  .cycles = left,
                                                  .listening = parts.platform.listening()}));
        parts.platform.poll_serial();
    }
    if (std::exchange(parts.platform.pins().pause, false)) {
        return end(Reason::Paused);
    }
    if (passing == IdleMoment::never) {
        return end(Reason::HaltedForever);
    }
    parts.engine.idle_until(parts.cpu.cycles + passing);
    return end_after_events();
}

MachineEnd Machine::guest_end() const {
    const devices::SystemControl& control = parts_->platform.system_control();
    if (control.debug_exit()) {
        return {.reason = Reason::DebugExit, .exit_code = *control.debug_exit(), .detail = {}};
    }
    if (control.power_off_requested()) {
        return end(Reason::PowerOff);
    }
    MachineEnd reset = end(Reason::Reset);
    reset.power_cycle = control.power_cycle_requested();
    return reset;
}

/// A kernel that loads an empty interrupt table and then faults wants the reset that a PC does.
MachineEnd Machine::triple_fault_end() const {
    const bool wanted = parts_->cpu.idtr.limit == 0;
    MachineEnd ended = end(wanted ? Reason::Reset : Reason::TripleFault);
    ended.power_cycle = wanted;
    return ended;
}

MachineEnd Machine::end(Reason reason) const {
    const cpu::Cpu& cpu = parts_->cpu;
    return {.reason = reason,
            .exit_code = 0,
            .rip = VirtualAddress{cpu.rip},
            .detail = fmt::format("at rip {:#x}, CPL {}, rsp {:#x}, cr2 {:#x}, cr3 {:#x}, after {} "
                                  "instructions",
                                  cpu.rip, cpu.cpl(), cpu.gpr[Gpr::Rsp], cpu.cr2, cpu.cr3(),
                                  counters().total_instructions())};
}

bool Machine::can_be_captured() const {
    return !parts_->timed || !parts_->timed->repeats();
}

void Machine::pause() {
    parts_->platform.pins().pause = true;
}

void Machine::stop_at(std::vector<VirtualAddress> addresses) {
    parts_->engine.stop_at(std::move(addresses));
}

void Machine::observe(observe::Observer& observer) {
    parts_->recorder.add(observer);
}

void Machine::pass_stop() {
    parts_->engine.pass_stop();
}

DebugView Machine::debug_view() {
    return {parts_->cpu, parts_->memory, parts_->engine, parts_->timed ? &*parts_->timed : nullptr};
}

void Machine::raise_nmi() {
    parts_->platform.pulse_nmi();
}

bool Machine::raise_interrupt(u8 vector) {
    return parts_->platform.send_interrupt(vector);
}

void Machine::raise_machine_check() {
    parts_->platform.pins().machine_check = true;
}

void Machine::raise_debug_trap(unsigned number) {
    RF_ASSERT(number < arch::x86::breakpoint_count);
    parts_->cpu.due_debug |= bit(number);
}

void Machine::raise_page_fault(VirtualAddress address, u32 error_code) {
    parts_->cpu.deferred = cpu::PendingException{
        .vector = cpu::ExceptionVector::PageFault, .error_code = error_code, .address = address};
}

const observe::Counters& Machine::counters() const {
    return parts_->recorder.counters;
}

u64 Machine::cycles() const {
    return parts_->cpu.cycles;
}

const std::optional<observe::Counters>& Machine::counters_at_first_user() const {
    return parts_->first_user.marked();
}

std::optional<TimedCounts> Machine::timed_counts() const {
    return parts_->timed ? std::optional{counts_of(*parts_->timed)} : std::nullopt;
}

const std::optional<TimedCounts>& Machine::timed_counts_at_first_user() const {
    return parts_->first_user.timed_marked();
}

u64 Machine::timing_digest() const {
    return parts_->timed ? parts_->timed->digest() : 0;
}

bool Machine::read_physical(PhysicalAddress address, std::span<u8> out) const {
    return parts_->memory.copy_out(out.data(), address, out.size());
}

std::vector<observe::UnimplementedCollector::Row> Machine::unimplemented() const {
    return parts_->unimplemented.rows();
}

}  // namespace ringfence::sim::machine
