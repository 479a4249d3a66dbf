// SPDX-License-Identifier: MIT
#include "sim/presets/timing_parameters.h"

#include <array>
#include <cmath>

#include "sim/presets/figure_rules.h"

namespace ringfence::sim::presets {

namespace {

using timing::Cycle;
using timing::Event;

constexpr u32 line_bytes = 64;

/// The figures of one preset in the types of the model.
class FigureReader {
public:
    explicit FigureReader(const Figures& figures) : figures_(figures) {}

    [[nodiscard]] u32 count(const std::string& path) const {
        return static_cast<u32>(figures_.at(path));
    }
    [[nodiscard]] Cycle cycles(const std::string& path) const {
        return static_cast<Cycle>(figures_.at(path));
    }
    [[nodiscard]] Cycle cycles_of_ns(const std::string& path) const {
        constexpr double ns_per_second = 1e9;
        return static_cast<Cycle>(
            std::llround(figures_.at(path) * figures_.at("identity.clock_hz") / ns_per_second));
    }
    [[nodiscard]] bool flag(const std::string& path) const { return figures_.at(path) != 0; }
    [[nodiscard]] timing::Ports ports(const std::string& path) const {
        return static_cast<timing::Ports>(figures_.at(path));
    }
    [[nodiscard]] timing::CacheParameters cache(const std::string& path) const {
        const u32 ways = count(path + ".ways");
        return {.sets = count(path + ".kib") * 1024 / (ways * line_bytes),
                .ways = ways,
                .latency = cycles(path + ".latency")};
    }
    /// Absent where the preset has none of the name.
    [[nodiscard]] timing::TlbParameters tlb(const std::string& path) const {
        if (!figures_.has(path + ".entries")) {
            return {};
        }
        const u32 entries = count(path + ".entries");
        const u32 ways = count(path + ".ways");
        return ways == 0 ? timing::TlbParameters{.sets = 1, .ways = entries}
                         : timing::TlbParameters{.sets = entries / ways, .ways = ways};
    }
    [[nodiscard]] bool has(const std::string& path) const { return figures_.has(path); }

private:
    const Figures& figures_;
};

void set_core(const FigureReader& figures, timing::CoreParameters& core) {
    core.fetch_bytes = figures.count("core.fetch_bytes");
    core.decode_width = figures.count("core.decode_width");
    core.dispatch_width = figures.count("core.dispatch_width");
    core.retire_width = figures.count("core.retire_width");
    core.reorder_buffer = figures.count("core.reorder_buffer");
    core.scheduler = figures.count("core.scheduler");
    core.load_queue = figures.count("core.load_queue");
    core.store_queue = figures.count("core.store_queue");
    core.mispredict_penalty = figures.cycles("core.mispredict_penalty");
    core.store_forward_latency = figures.cycles("core.store_forward_latency");
    core.exception_start = figures.cycles("core.exception_start");
    core.load_ports = figures.ports("core.load_ports");
    core.store_address_ports = figures.ports("core.store_address_ports");
    core.store_data_ports = figures.ports("core.store_data_ports");
    core.branch_history_bits = figures.count("predictor.history_bits");
    core.branch_counters = figures.count("predictor.counters");
    core.branch_target_entries = figures.count("predictor.target_entries");
    core.branch_target_ways = figures.count("predictor.target_ways");
    core.return_stack = figures.count("predictor.return_stack");
    core.indirect_entries = figures.count("predictor.indirect_entries");
}

void set_execution(const FigureReader& figures, timing::CoreParameters& core) {
    const auto names = execution_names();
    static_assert(static_cast<unsigned>(timing::ExecutionClass::Nop) == 0);
    RF_ASSERT(names.size() + 1 == timing::execution_class_count);
    for (usize i = 0; i < names.size(); ++i) {
        const std::string path = "execution." + std::string{names[i]};
        core.execution[i + 1] = {
            .ports = figures.ports(path + ".ports"),
            .latency = figures.cycles(path + ".latency"),
            .occupancy = figures.cycles(path + ".occupancy"),
            .micro_operations = static_cast<u8>(figures.count(path + ".micro_operations"))};
    }
}

void set_hierarchy(const FigureReader& figures, timing::HierarchyParameters& hierarchy) {
    hierarchy.l1i = figures.cache("cache.l1i");
    hierarchy.l1d = figures.cache("cache.l1d");
    hierarchy.l2 = figures.cache("cache.l2");
    hierarchy.llc = figures.cache("cache.llc");
    hierarchy.llc_inclusive = figures.flag("cache.llc.inclusive");
    hierarchy.fill_buffers = figures.count("cache.l1d.fill_buffers");
    hierarchy.l2_fill_buffers = figures.count("cache.l2.fill_buffers");
    hierarchy.memory_latency = figures.cycles_of_ns("memory.latency_ns");
    hierarchy.memory_gap = figures.cycles_of_ns("memory.gap_ns");
    hierarchy.stride_prefetcher = figures.flag("prefetch.stride");
    hierarchy.streamer = figures.flag("prefetch.streamer");
    hierarchy.adjacent_line = figures.flag("prefetch.adjacent_line");
    hierarchy.next_line_instructions = figures.flag("prefetch.next_line_instructions");
}

void set_translation(const FigureReader& figures, timing::TranslationParameters& translation) {
    translation.itlb_4k = figures.tlb("tlb.itlb_4k");
    translation.itlb_2m = figures.tlb("tlb.itlb_2m");
    translation.dtlb_4k = figures.tlb("tlb.dtlb_4k");
    translation.dtlb_2m = figures.tlb("tlb.dtlb_2m");
    translation.dtlb_1g = figures.tlb("tlb.dtlb_1g");
    translation.stlb_shared = figures.has("tlb.stlb_4k2m.entries");
    translation.stlb_4k = figures.tlb(translation.stlb_shared ? "tlb.stlb_4k2m" : "tlb.stlb_4k");
    translation.stlb_2m = figures.tlb("tlb.stlb_2m");
    translation.stlb_1g = figures.tlb("tlb.stlb_1g");
    translation.pde = figures.tlb("paging_structure_cache.pde");
    translation.pdpte = figures.tlb("paging_structure_cache.pdpte");
    translation.pml4 = figures.tlb("paging_structure_cache.pml4");
    translation.stlb_hit_extra = figures.cycles("translation.stlb_hit_extra");
    translation.walkers = figures.count("translation.walkers");
    translation.nested_page_shift =
        figures.has("translation.nested_page_shift")
            ? static_cast<u8>(figures.count("translation.nested_page_shift"))
            : u8{0};
    translation.faulting_access_fills = figures.flag("translation.faulting_access_fills");
}

void set_transience(const FigureReader& figures, timing::TransienceParameters& transience) {
    transience.supervisor_page =
        static_cast<timing::Forward>(figures.count("vulnerability.fault_forward"));
    transience.terminal_fault = figures.flag("vulnerability.terminal_fault");
    transience.system_registers = figures.flag("vulnerability.register_forward");
}

void set_events(const FigureReader& figures, timing::Parameters& parameters) {
    struct Cost {
        Event event;
        const char* name;
    };
    static constexpr std::array<Cost, timing::event_count - 1> costs{{
        {Event::Syscall, "syscall"},
        {Event::Sysret, "sysret"},
        {Event::Swapgs, "swapgs"},
        {Event::RootWrite, "cr3_write"},
        {Event::Iret, "iret"},
        {Event::PageFault, "page_fault"},
        {Event::Exception, "exception"},
        {Event::Interrupt, "interrupt"},
        {Event::Invlpg, "invlpg"},
        {Event::InvpcidPage, "invpcid_page"},
        {Event::InvpcidAll, "invpcid_all"},
        {Event::ReadMsr, "read_msr"},
        {Event::WriteMsr, "write_msr"},
        {Event::ControlRegister, "control_register"},
        {Event::Cpuid, "cpuid"},
        {Event::BufferClear, "verw_clear"},
        {Event::PortIo, "port_io"},
        {Event::ReadTime, "read_time"},
        {Event::OtherSystem, "other_system"},
        {Event::TransactionBegin, "xbegin"},
        {Event::TransactionEnd, "xend"},
        {Event::TransactionAbort, "transaction_abort"},
    }};
    for (const Cost& cost : costs) {
        const std::string path = std::string{"privileged."} + cost.name;
        parameters.event_cycles[static_cast<unsigned>(cost.event)] =
            figures.has(path) ? figures.cycles(path) : 0;
    }
}

}  // namespace

timing::Parameters timing_parameters(const CpuModel& cpu) {
    const FigureReader figures{cpu.figures()};
    timing::Parameters parameters;
    parameters.clock_hz = cpu.clock_hz();
    set_core(figures, parameters.core);
    set_execution(figures, parameters.core);
    set_hierarchy(figures, parameters.hierarchy);
    set_translation(figures, parameters.translation);
    set_transience(figures, parameters.transience);
    set_events(figures, parameters);
    return parameters;
}

}  // namespace ringfence::sim::presets
