// SPDX-License-Identifier: MIT
#include "sim/machine/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/x86/cpuid.h"
#include "arch/x86/segment_descriptor.h"
#include "sim/cpu/cpu.h"
#include "sim/devices/platform.h"
#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/machine/pvh_loader.h"
#include "sim/memory/physical_memory.h"
#include "sim/observe/recorder.h"
#include "sim/presets/timing_parameters.h"

namespace ringfence::sim::machine {

using arch::x86::SegmentDescriptor;
using cpu::Gpr;
using cpu::SegmentRegister;
using cpu::StopReason;
using memory::PhysicalMemory;
using Reason = MachineEnd::Reason;

namespace {

/// Where the CPU has no crystal (CPUID leaf 15H), its APIC timer counts the 100 MHz bus clock.
constexpr u64 bus_hz = 100'000'000;

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
    void sysret(VirtualAddress) override { mark(); }
    void iret(VirtualAddress, bool to_user) override {
        if (to_user) {
            mark();
        }
    }
    [[nodiscard]] const std::optional<observe::Counters>& marked() const { return marked_; }
    [[nodiscard]] const std::optional<TimedCounts>& timed_marked() const { return timed_marked_; }

private:
    void mark() {
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
    const u64 crystal = config.cpu.description().crystal_hz;
    return {.core_hz = config.cpu.clock_hz(),
            .apic_timer_hz = crystal != 0 ? crystal : bus_hz,
            .start_seconds = config.start_seconds,
            .serial = config.serial};
}

mmu::PagingFeatures paging_features(const presets::CpuModel& model) {
    return {.physical_address_bits = model.physical_address_bits(),
            .gigabyte_pages = model.has(arch::x86::cpuid_feature::page_1g),
            .page_size_extensions_36 = model.has(arch::x86::cpuid_feature::pse36)};
}

cpu::Segment flat(u64 descriptor, u16 selector) {
    return {.selector = selector,
            .usable = true,
            .limit = SegmentDescriptor::limit(descriptor),
            .descriptor = descriptor};
}

}  // namespace

/// In the order of who refers to whom.
struct Machine::Parts {
    Parts(MachineConfig given, PhysicalMemory ram)
        : config(std::move(given)),
          memory(std::move(ram)),
          platform(platform_options(config), memory),
          first_user(recorder.counters),
          cpu({.memory = memory,
               .ports = platform,
               .pins = platform.pins(),
               .interrupts = platform,
               .clock = platform.clock(),
               .recorder = recorder,
               .model = config.cpu,
               .paging = paging_features(config.cpu),
               .places = config.places}),
          engine(cpu, memory) {
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

    /// [xen/pvh]: 32-bit protected mode, paging off, flat segments, interrupts off.
    void start_at(const PvhEntry& entry) {
        constexpr u16 code_selector = 0x10;
        constexpr u16 data_selector = 0x18;
        constexpr u32 smallest_tss = 0x67;
        const bool accepted = cpu.set_cr0(arch::x86::Cr0::pe.mask | arch::x86::Cr0::et.mask);
        RF_ASSERT(accepted);  // without paging there is nothing to refuse
        const u64 code = SegmentDescriptor::flat_code32(0) | SegmentDescriptor::accessed.mask;
        const u64 data = SegmentDescriptor::flat_data(0) | SegmentDescriptor::accessed.mask;
        cpu.set_segment(SegmentRegister::Cs, flat(code, code_selector), 0);
        for (const auto which : {SegmentRegister::Ds, SegmentRegister::Es, SegmentRegister::Ss,
                                 SegmentRegister::Fs, SegmentRegister::Gs}) {
            cpu.set_segment(which, flat(data, data_selector), 0);
        }
        static_cast<cpu::Segment&>(cpu.task) = flat(SegmentDescriptor::tss_low(0, smallest_tss), 0);
        cpu.gpr[Gpr::Rbx] = entry.start_info.value();
        cpu.rip = entry.instruction.value();
    }

    MachineConfig config;
    observe::Recorder recorder;
    PhysicalMemory memory;
    devices::Platform platform;
    FirstUserMarker first_user;
    observe::UnimplementedCollector unimplemented;
    cpu::Cpu cpu;
    std::optional<isa::x86::TimedExecution> timed;
    isa::x86::Engine engine;
};

Machine::Machine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Machine::~Machine() = default;

Result<std::unique_ptr<Machine>, std::string> Machine::create(MachineConfig config) {
    auto ram = PhysicalMemory::create(config.ram_bytes);
    if (!ram.ok()) {
        return ram.error() == PhysicalMemory::CreateError::BadSize
                   ? Error{fmt::format("memory: {} bytes; expected a multiple of 4 KiB from 1 MiB "
                                       "to 256 GiB",
                                       config.ram_bytes)}
                   : Error{fmt::format("memory: the host has no room for {} MiB",
                                       config.ram_bytes / mib)};
    }
    auto parts = std::make_unique<Parts>(std::move(config), std::move(ram).value());
    const auto entry = load_pvh(parts->memory, parts->config.kernel, parts->config.initramfs,
                                parts->config.command_line);
    if (!entry.ok()) {
        return Error{entry.error()};
    }
    parts->start_at(entry.value());
    return std::unique_ptr<Machine>{new Machine{std::move(parts)}};
}

MachineEnd Machine::run() {
    Parts& parts = *parts_;
    const u64 limit = parts.config.instruction_limit;
    const u64 slice = parts.config.timed ? timed_slice : fast_slice;
    for (;;) {
        if (parts.config.stop != nullptr && parts.config.stop->load(std::memory_order_relaxed)) {
            return end(Reason::Stopped);
        }
        const u64 done = counters().total_instructions();
        if (done >= limit) {
            return end(Reason::InstructionLimit);
        }
        switch (parts.engine.run(done + std::min(slice, limit - done))) {
            case StopReason::EventDue:
                if (auto ended = end_after_events()) {
                    return *std::move(ended);
                }
                break;
            case StopReason::InstructionLimit:
                break;
            case StopReason::EndRequested:
                return guest_end();
            case StopReason::Halted:
                return end(Reason::HaltedForever);
            case StopReason::TripleFault:
                return end(Reason::TripleFault);
        }
    }
}

/// Runs the devices' events. A processor that is halted with interrupts off wakes for NMIs only,
/// and no device here raises one by itself.
std::optional<MachineEnd> Machine::end_after_events() {
    Parts& parts = *parts_;
    parts.platform.run_events();
    const bool deaf =
        !parts.cpu.interrupts_enabled() && !parts.platform.pins().non_maskable_interrupt;
    if (parts.cpu.halted && deaf) {
        return end(Reason::HaltedForever);
    }
    return std::nullopt;
}

MachineEnd Machine::guest_end() const {
    const devices::SystemControl& control = parts_->platform.system_control();
    if (control.debug_exit()) {
        return {.reason = Reason::DebugExit, .exit_code = *control.debug_exit(), .detail = {}};
    }
    return end(Reason::Reset);
}

MachineEnd Machine::end(Reason reason) const {
    const cpu::Cpu& cpu = parts_->cpu;
    return {.reason = reason,
            .exit_code = 0,
            .detail = fmt::format("at rip {:#x}, CPL {}, rsp {:#x}, cr2 {:#x}, cr3 {:#x}, after {} "
                                  "instructions",
                                  cpu.rip, cpu.cpl(), cpu.gpr[Gpr::Rsp], cpu.cr2, cpu.cr3(),
                                  counters().total_instructions())};
}

void Machine::raise_nmi() {
    parts_->platform.pins().non_maskable_interrupt = true;
}

const observe::Counters& Machine::counters() const {
    return parts_->recorder.counters;
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
