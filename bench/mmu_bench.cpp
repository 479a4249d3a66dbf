// SPDX-License-Identifier: MIT
// The machine's translation: a hit, which every guest load pays, and a miss, which walks.
#include <benchmark/benchmark.h>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "arch/x86/pte_4level.h"
#include "sim/mmu/mmu.h"

namespace ringfence::bench {

namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Pte4Level;

constexpr u64 table_flags = Pte4Level::present.mask | Pte4Level::writable.mask;

/// 64-bit paging that maps the first 2 MiB with 4 KiB pages, one to one.
class Bed {
public:
    Bed() : memory_(sim::memory::PhysicalMemory::create(16 * mib).value()) {
        constexpr u64 root = 8 * mib;
        for (u64 level = 0; level < 3; ++level) {
            memory_.write(PhysicalAddress{root + level * 4 * kib},
                          (root + (level + 1) * 4 * kib) | table_flags);
        }
        for (u64 page = 0; page < 512; ++page) {
            memory_.write(PhysicalAddress{root + 3 * 4 * kib + page * 8},
                          (page * 4 * kib) | table_flags);
        }
        mmu.write_efer(Efer::lme.mask | Efer::lma.mask);
        RF_ASSERT(mmu.write_cr4(Cr4::pae.mask).ok());
        RF_ASSERT(mmu.write_cr3(root).ok());
        RF_ASSERT(mmu.write_cr0(Cr0::pe.mask | Cr0::pg.mask).ok());
        mmu.set_privilege(0, false);
    }

private:
    sim::memory::PhysicalMemory memory_;
    sim::observe::Recorder recorder_;

public:
    sim::mmu::Mmu mmu{memory_, recorder_, {}};
};

void read_hit(benchmark::State& state) {
    Bed bed;
    u64 value = 0;
    u64 offset = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(bed.mmu.read(VirtualAddress{offset++ % (64 * kib)}, value));
    }
}
BENCHMARK(read_hit)->Name("mmu_read_hit");

void read_after_invlpg(benchmark::State& state) {
    Bed bed;
    u64 value = 0;
    const VirtualAddress address{256 * kib};
    for (auto _ : state) {
        bed.mmu.invlpg(address);
        benchmark::DoNotOptimize(bed.mmu.read(address, value));
    }
}
BENCHMARK(read_after_invlpg)->Name("mmu_invlpg_and_walk");

void root_switch(benchmark::State& state) {
    Bed bed;
    const u64 root = bed.mmu.cr3();
    u64 value = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(bed.mmu.write_cr3(root));
        benchmark::DoNotOptimize(bed.mmu.read(VirtualAddress{128 * kib}, value));
    }
}
BENCHMARK(root_switch)->Name("mmu_flushing_root_write_and_walk");

}  // namespace

}  // namespace ringfence::bench
