// SPDX-License-Identifier: MIT
// The timed engine's memory side: a hit in the first levels, which most accesses are, and misses.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "arch/x86/pte_4level.h"
#include "sim/mmu/timed_translator.h"

namespace ringfence::bench {

namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Pte4Level;
using sim::mmu::AccessKind;
using sim::mmu::Privilege;

constexpr u64 table_flags = Pte4Level::present.mask | Pte4Level::writable.mask;
constexpr u64 page_bytes = 4 * kib;

/// Of the order of a Skylake server core's: for host speed only.
sim::timing::HierarchyParameters hierarchy_parameters() {
    sim::timing::HierarchyParameters parameters;
    parameters.l1i = {.sets = 64, .ways = 8, .latency = 4};
    parameters.l1d = {.sets = 64, .ways = 8, .latency = 4};
    parameters.l2 = {.sets = 1024, .ways = 16, .latency = 14};
    parameters.llc = {.sets = 2048, .ways = 11, .latency = 68};
    parameters.memory_latency = 280;
    parameters.memory_gap = 18;
    parameters.fill_buffers = 12;
    parameters.l2_fill_buffers = 16;
    parameters.stride_prefetcher = true;
    parameters.streamer = true;
    parameters.adjacent_line = true;
    parameters.next_line_instructions = true;
    return parameters;
}

sim::timing::TranslationParameters translation_parameters() {
    sim::timing::TranslationParameters parameters;
    parameters.itlb_4k = {.sets = 16, .ways = 8};
    parameters.itlb_2m = {.sets = 1, .ways = 8};
    parameters.dtlb_4k = {.sets = 16, .ways = 4};
    parameters.dtlb_2m = {.sets = 8, .ways = 4};
    parameters.dtlb_1g = {.sets = 1, .ways = 4};
    parameters.stlb_4k = {.sets = 128, .ways = 12};
    parameters.stlb_shared = true;
    parameters.stlb_1g = {.sets = 4, .ways = 4};
    parameters.pde = {.sets = 8, .ways = 4};
    parameters.pdpte = {.sets = 1, .ways = 4};
    parameters.pml4 = {.sets = 1, .ways = 2};
    parameters.stlb_hit_extra = 7;
    parameters.walkers = 2;
    return parameters;
}

/// 64-bit paging that maps the first 16 MiB with 4 KiB pages, one to one.
class TimedBed {
public:
    static constexpr u64 mapped = 16 * mib;

    TimedBed() {
        constexpr u64 root = 32 * mib;
        constexpr u64 first_table = root + 3 * page_bytes;
        for (u64 level = 0; level < 2; ++level) {
            memory_.write(PhysicalAddress{root + level * page_bytes},
                          (root + (level + 1) * page_bytes) | table_flags);
        }
        for (u64 region = 0; region < mapped / (2 * mib); ++region) {
            memory_.write(PhysicalAddress{root + 2 * page_bytes + region * 8},
                          (first_table + region * page_bytes) | table_flags);
        }
        for (u64 page = 0; page < mapped / page_bytes; ++page) {
            memory_.write(PhysicalAddress{first_table + page * 8},
                          (page * page_bytes) | table_flags | Pte4Level::dirty.mask);
        }
        state.cr0 = Cr0::pe.mask | Cr0::pg.mask | Cr0::wp.mask;
        state.cr3 = root;
        state.cr4 = Cr4::pae.mask | Cr4::pcide.mask;
        state.efer = Efer::lme.mask | Efer::lma.mask;
    }
    /// What the timed engine does for a load, but for the core's part. Time goes on as in a core
    /// that can be so far ahead of a load that has not come.
    void load(u64 address, u64 instruction) {
        constexpr sim::timing::Cycle window = 100;
        const auto translation = translator.translate(state, VirtualAddress{address},
                                                      AccessKind::Read, Privilege::Supervisor, now);
        const auto time = hierarchy.load(translation.physical, translation.ready, instruction);
        now = std::max(now + 2, time.ready - std::min(time.ready, window));
    }

private:
    sim::memory::PhysicalMemory memory_ = sim::memory::PhysicalMemory::create(64 * mib).value();
    sim::mmu::PagingFeatures features_;

public:
    sim::mmu::PagingState state;
    sim::timing::MemoryHierarchy hierarchy{hierarchy_parameters()};
    sim::mmu::TimedTranslator translator{memory_, features_, hierarchy, translation_parameters()};
    sim::timing::Cycle now = 0;
};

void cache_hit(benchmark::State& state) {
    TimedBed bed;
    u64 offset = 0;
    for (auto _ : state) {
        offset = (offset + 8) % (16 * kib);
        benchmark::DoNotOptimize(bed.hierarchy.load(PhysicalAddress{offset}, bed.now += 2, 64));
    }
}
BENCHMARK(cache_hit)->Name("timed_l1d_hit");

/// Loads in a pattern of `range` bytes; hits of all levels come from its size.
void translated_loads(benchmark::State& state) {
    TimedBed bed;
    const auto range = static_cast<u64>(state.range(0));
    u64 place = 1;
    for (auto _ : state) {
        // Every word once: multiplier 1 mod 4, odd increment, modulo a power of two.
        place = (place * 6364136223846793005 + 1442695040888963407) & (range / 8 - 1);
        bed.load(place * 8, 0x40'1000 + place % 16);
    }
}
BENCHMARK(translated_loads)
    ->Name("timed_translated_load")
    ->Arg(16 * kib)
    ->Arg(256 * kib)
    ->Arg(16 * mib);

void stream(benchmark::State& state) {
    TimedBed bed;
    u64 address = 0;
    for (auto _ : state) {
        address = (address + 8) % TimedBed::mapped;
        bed.load(address, 0x40'1000);
    }
}
BENCHMARK(stream)->Name("timed_stream_load");

void fetch(benchmark::State& state) {
    TimedBed bed;
    u64 address = 0;
    for (auto _ : state) {
        address = (address + 64) % (16 * kib);
        const auto translation =
            bed.translator.translate(bed.state, VirtualAddress{address}, AccessKind::Execute,
                                     Privilege::Supervisor, bed.now += 4);
        benchmark::DoNotOptimize(bed.hierarchy.fetch(translation.physical, translation.ready));
    }
}
BENCHMARK(fetch)->Name("timed_fetch_hit");

void root_switch(benchmark::State& state) {
    TimedBed bed;
    for (auto _ : state) {
        bed.translator.root_written(0, false);
        bed.load(0x1000, 0x40'1000);
    }
}
BENCHMARK(root_switch)->Name("timed_flushing_root_write_and_walk");

}  // namespace

}  // namespace ringfence::bench
