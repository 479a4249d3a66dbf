// SPDX-License-Identifier: MIT
#include "lab/measure/expectation.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lab/measure/expectation_rows.h"
#include "lab/measure/preset_view.h"

namespace ringfence::lab::measure {

namespace {

struct Reason {
    std::string_view path;  ///< a figure's, or the ending of several
    std::string_view text;
};

/// The first that fits.
constexpr std::array reasons{
    Reason{"core.fetch_bytes", "decoding or dispatch is narrower, even with the longest NOPs"},
    Reason{"core.decode_width", "dispatch or fetch is narrower"},
    Reason{"core.dispatch_width", "decoding or retirement is narrower"},
    Reason{"core.retire_width", "dispatch is narrower: retirement never falls behind"},
    Reason{"core.reorder_buffer", "memory answers before it is full"},
    Reason{"core.scheduler", "memory answers, or the reorder buffer is full, before it is"},
    Reason{"core.load_queue", "memory answers, or the reorder buffer is full, before it is"},
    Reason{"core.store_queue", "memory answers, or the reorder buffer is full, before it is"},
    Reason{"core.load_ports", "the core around them is narrower"},
    Reason{"core.store_data_ports", "stores have fewer ports for their addresses"},
    Reason{"predictor.counters",
           "branches that share a counter are predicted by the other of two tables"},
    Reason{"predictor.history_bits",
           "shorter than any loop, or folded into a shorter index of the counters"},
    Reason{"predictor.target_entries",
           "a first-level instruction cache does not hold so many jumps, or the sets are no power "
           "of two"},
    Reason{"predictor.target_ways", "a hash spreads jumps over the sets"},
    Reason{"predictor.indirect_entries",
           "a hash of the path spreads jumps over them, and the target buffer knows most, too"},
    Reason{"execution.x87.ports", "x87 code is one chain: its latency is all that shows"},
    Reason{"execution.x87.occupancy", "x87 code is one chain: its latency is all that shows"},
    Reason{"execution.x87_slow.ports", "x87 code is one chain: its latency is all that shows"},
    Reason{"execution.x87_slow.occupancy", "x87 code is one chain: its latency is all that shows"},
    Reason{"execution.aes.latency", "the CPU has no AES instructions"},
    Reason{"execution.aes.ports", "the CPU has no AES instructions, or the core is narrower"},
    Reason{"execution.aes.occupancy", "the CPU has no AES instructions, or the core is narrower"},
    Reason{"execution.aes.micro_operations", "the CPU has no AES instructions"},
    Reason{".latency", "the unit is busy for longer"},
    Reason{".ports", "the core around the units is narrower"},
    Reason{".occupancy", "the core around the units is narrower"},
    Reason{".micro_operations", "the reorder buffer does not hold a few such instructions"},
    Reason{"cache.l1d.fill_buffers",
           "the load ports are busier, or a way of the first level is larger than a page"},
    Reason{"cache.l2.fill_buffers",
           "more than the prefetches that can be sent before the first line comes"},
    Reason{"cache.llc.kib",
           "the guest has too little memory to overflow it, or its ways do not tell it from the "
           "second level"},
    Reason{"cache.l1i.ways", "the guest finds lines of one set where the sets are a power of two"},
    Reason{"cache.l1d.ways", "the number of sets has a large odd factor: the guest finds none"},
    Reason{"cache.l2.ways", "the number of sets has a large odd factor: the guest finds none"},
    Reason{"cache.llc.ways",
           "the number of sets has a large odd factor, or the first level has more ways than the "
           "second"},
    Reason{"cache.llc.inclusive", "the first level has one way: nothing stays there"},
    Reason{"cache.l2.latency", "a way of the first level is larger than a page"},
    Reason{"tlb.itlb_4k.",
           "an instruction cache of few ways does not keep code on so many pages, or the sets are "
           "no power of two"},
    Reason{"tlb.", "the guest finds pages of one set where the sets are a power of two"},
    Reason{"paging_structure_cache.pde.ways",
           "pages under so few page tables do not overflow the second-level TLB"},
    Reason{"paging_structure_cache.pdpte.ways",
           "pages under so few page tables do not overflow the second-level TLB"},
    Reason{"paging_structure_cache.pml4.ways",
           "pages under so few page tables do not overflow the second-level TLB"},
    Reason{"paging_structure_cache.", "without a second-level TLB the guest does not look for it"},
    Reason{"translation.",
           "without a second-level TLB, or with fewer ports than walks, it does not show"},
    Reason{"privileged.invpcid_page", "the CPU has no INVPCID"},
    Reason{"privileged.invpcid_all", "the CPU has no INVPCID"},
    Reason{"privileged.xbegin", "the CPU has no transactions"},
    Reason{"privileged.xend", "the CPU has no transactions"},
    Reason{"privileged.transaction_abort", "the CPU has no transactions"},
    Reason{"privileged.", "shorter than it takes to fetch anew what follows"},
    Reason{"vulnerability.register_forward",
           "the machine reads no system register in vain, whatever this figure says"},
};

bool fits(const Reason& reason, std::string_view path) {
    return path == reason.path || (reason.path.starts_with('.') && path.ends_with(reason.path)) ||
           (reason.path.ends_with('.') && path.starts_with(reason.path));
}

std::vector<Measurement> make_measurements() {
    std::vector<Measurement> rows;
    add_core(rows);
    add_execution(rows);
    add_memory(rows);
    add_translation(rows);
    add_privileged(rows);
    return rows;
}

}  // namespace

Expectation as_it_is(const sim::presets::CpuModel& cpu, const std::string& name) {
    return {PresetView(cpu).at(name), {name}};
}

const std::vector<Measurement>& measurements() {
    static const std::vector<Measurement> all = make_measurements();
    return all;
}

std::string why_hidden(const std::string& figure) {
    const auto* const reason =
        std::ranges::find_if(reasons, [&](const Reason& one) { return fits(one, figure); });
    return reason == reasons.end() ? std::string{} : std::string{reason->text};
}

}  // namespace ringfence::lab::measure
