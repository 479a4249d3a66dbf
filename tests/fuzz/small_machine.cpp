// SPDX-License-Identifier: MIT
#include "tests/fuzz/small_machine.h"

#include <sys/mman.h>

#include <algorithm>

#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"
#include "sim/presets/what_if.h"
#include "sim/state/field_list.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_image.h"

namespace ringfence::fuzz {

using sim::cpu::Gpr;
using sim::cpu::StopReason;
using sim::memory::PhysicalMemory;
namespace feature = arch::x86::cpuid_feature;

namespace {

constexpr unsigned most_events = 64;  ///< of devices, in one run

/// One image for all machines of the process: they show it, and copy what they write to.
PhysicalMemory make_memory() {
    static const sim::memory::RamImage image = make_memory_image();
    auto memory = PhysicalMemory::create(ram_bytes, &image);
    RF_ASSERT(memory.ok());
    return std::move(memory).value();
}

sim::mmu::PagingFeatures paging_features(const sim::presets::CpuModel& model) {
    return {.physical_address_bits = model.physical_address_bits(),
            .gigabyte_pages = model.has(feature::page_1g),
            .page_size_extensions_36 = model.has(feature::pse36)};
}

sim::devices::PlatformOptions platform_options(const sim::presets::CpuModel& model) {
    return {.core_hz = model.clock_hz(),
            .ram_bytes = ram_bytes,
            .local_apic = sim::devices::ApicFeatures{
                .version = sim::devices::apic_version(arch::x86::Vendor::Intel),
                .x2apic = true,
                .tsc_deadline = true,
                .suppresses_eoi_broadcast = true,
                .physical_address_bits = model.physical_address_bits(),
                .timer_hz = model.description().crystal_hz}};
}

}  // namespace

sim::presets::CpuModel small_cpu() {
    const sim::presets::Override overrides[] = {
        {"cache.l1i.kib", "4"},       {"cache.l1d.kib", "4"},
        {"cache.l2.kib", "16"},       {"cache.llc.kib", "44"},
        {"predictor.counters", "64"}, {"predictor.target_entries", "64"},
        {"stlb_4k2m.entries", "48"}};
    const auto preset = sim::presets::find_preset(sim::presets::default_preset);
    RF_ASSERT(preset.ok());
    auto small = sim::presets::with_overrides(preset.value(), overrides);
    require(small.ok(), small.ok() ? "" : small.error().message);
    return std::move(small).value();
}

SmallMachine::SmallMachine(Engine engine, Devices devices, sim::observe::Observer* observer)
    : model_(small_cpu()),
      memory_(make_memory()),
      platform_(),
      cpu({.memory = memory_,
           .ports = devices == Devices::Pc ? static_cast<PortBus&>(platform_.emplace(
                                                 platform_options(model_), memory_, recorder_))
                                           : *this,
           .pins = pins(),
           .interrupts =
               platform_ ? static_cast<sim::memory::InterruptController&>(*platform_) : *this,
           .clock = clock(),
           .recorder = recorder_,
           .model = model_,
           .paging = paging_features(model_),
           .transactions = {.sets = 8, .ways = 8}}),
      engine_(cpu, memory_) {
    if (engine == Engine::Timed) {
        timed_.emplace(cpu, memory_, sim::presets::timing_parameters(model_));
    }
    if (observer != nullptr) {
        recorder_.add(*observer);
    }
    cpu.reset();
    reset_ = fields();
}

SmallMachine::~SmallMachine() = default;

template <typename Visit>
void SmallMachine::for_each_part(Visit visit) {
    if (platform_) {
        visit("devices", *platform_);
    }
    visit("cpu", cpu);
    visit("engine", engine_);
    visit("counters", recorder_.counters);
    if (timed_) {
        visit("timing", *timed_);
    }
}

SmallMachine::Fields SmallMachine::fields() {
    Fields fields;
    for_each_part([&](const char* name, auto& part) {
        sim::state::BufferWriter writer;
        part.visit_state(writer);
        require(writer.problem().empty(), writer.problem());
        fields.emplace_back(name, writer.take());
    });
    return fields;
}

std::string SmallMachine::load(const Fields& fields) {
    std::string error;
    auto next = fields.begin();
    for_each_part([&](const char* name, auto& part) {
        if (!error.empty()) {
            return;
        }
        sim::state::Reader reader{next->second};
        ++next;
        part.visit_state(reader);
        reader.finish();
        if (!reader.ok()) {
            error = std::string{name} + ": " + reader.error();
        }
    });
    return error;
}

std::string SmallMachine::difference(const Fields& first, const Fields& second) {
    std::string found;
    if (first == second) {  // nearly always, and quick
        return found;
    }
    for (usize i = 0; i < first.size() && found.empty(); ++i) {
        sim::state::for_each_difference(first[i].second, second[i].second,
                                        [&](const sim::state::Difference& difference) {
                                            found = first[i].first + "." + difference.path + ": " +
                                                    difference.first + " and " + difference.second;
                                            return false;
                                        });
    }
    return found;
}

/// RAM is as in the image, and what was decoded of it is forgotten.
void SmallMachine::forget_ram() {
    const auto drop = [this](u64 first, u64 last) {
        const PhysicalAddress start{first};
        // A private mapping of a file shows the file again.
        RF_ASSERT(madvise(memory_.host(start), last - first, MADV_DONTNEED) == 0);
        for (u64 page = first; page < last; page += sim::memory::page_size) {
            memory_.announce_store(PhysicalAddress{page}, sim::memory::page_size);
        }
    };
    drop(0, sim::memory::RamLayout::hole_start);
    drop(sim::memory::RamLayout::hole_end, ram_bytes);
}

void SmallMachine::begin(const Start& start) {
    forget_ram();
    if (!can_be_saved()) {
        // Nor can anything be loaded over what it is in the midst of.
        timed_.emplace(cpu, memory_, sim::presets::timing_parameters(model_));
    }
    auto found = starts_.find(start);
    if (found == starts_.end()) {
        const std::string error = load(reset_);
        require(error.empty(), error);
        enter(start);
        found = starts_.emplace(start, fields()).first;
        return;
    }
    const std::string error = load(found->second);
    require(error.empty(), error);
}

void SmallMachine::load_code(std::span<const u8> bytes) {
    for (usize i = 0; i < std::min(bytes.size(), usize{layout::code_bytes}); ++i) {
        memory_.write(PhysicalAddress{layout::code + i}, bytes[i]);
    }
}

StopReason SmallMachine::run(u64 instructions) {
    const u64 limit = recorder_.counters.total_instructions() + instructions;
    StopReason reason = engine_.run(limit);
    for (unsigned events = 0; platform_ && events < most_events; ++events) {
        if (reason == StopReason::Halted && clock().next_event != ~u64{0}) {
            engine_.idle_until(clock().next_event);
        } else if (reason != StopReason::EventDue) {
            break;
        }
        platform_->run_events();
        require(clock().next_event > clock().now, "an event that is due again at once");
        reason = engine_.run(limit);
    }
    return reason;
}

u64 SmallMachine::full_digest() {
    sim::state::Hash hash;
    for (const auto& [name, bytes] : fields()) {
        hash.add(bytes);
    }
    hash.add({memory_.ram_base(), layout::end});
    return hash.value();
}

}  // namespace ringfence::fuzz
