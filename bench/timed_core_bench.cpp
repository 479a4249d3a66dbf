// SPDX-License-Identifier: MIT
// The timed engine's core alone: what it adds to each instruction, on a memory that always hits.
#include <benchmark/benchmark.h>

#include <vector>

#include "sim/timing/core.h"

namespace ringfence::bench {

namespace {

using namespace sim::timing;

/// Of the order of a Skylake core's: for host speed only.
Parameters core_parameters() {
    Parameters out;
    out.hierarchy.l1i.latency = 4;
    out.hierarchy.l1d.latency = 4;
    CoreParameters& core = out.core;
    core.fetch_bytes = 16;
    core.decode_width = 5;
    core.dispatch_width = 4;
    core.retire_width = 4;
    core.reorder_buffer = 224;
    core.scheduler = 97;
    core.load_queue = 72;
    core.store_queue = 56;
    core.mispredict_penalty = 16;
    core.store_forward_latency = 4;
    core.load_ports = 0b0000'1100;
    core.store_address_ports = 0b1000'1100;
    core.store_data_ports = 0b0001'0000;
    core.branch_history_bits = 16;
    core.branch_counters = 16384;
    core.branch_target_entries = 4096;
    core.branch_target_ways = 4;
    core.return_stack = 16;
    core.indirect_entries = 512;
    for (ExecutionParameters& execution : core.execution) {
        execution = {.ports = 0b0110'0011, .latency = 1};
    }
    core.execution[static_cast<unsigned>(ExecutionClass::Nop)] = {.ports = 0, .latency = 0};
    return out;
}

class AlwaysHits final : public MemoryPort {
public:
    AccessTime fetch(VirtualAddress, unsigned, Cycle at) override { return {.ready = at + 4}; }
    AccessTime access(const DataAccess&, Cycle at) override { return {.ready = at + 4}; }
    Cycle commit_store(const DataAccess&, Cycle at) override { return at; }
};

struct Sample {
    InstructionProfile profile;
    std::vector<DataAccess> accesses;
};

InstructionProfile profile_of(ExecutionClass execution, unsigned number) {
    InstructionProfile out;
    out.execution = execution;
    out.length = 4;
    out.sources.add(static_cast<u8>(number * 7 % 16));
    return out;
}

Sample addition(unsigned number) {
    Sample out{.profile = profile_of(ExecutionClass::Integer, number), .accesses = {}};
    out.profile.sources.add(static_cast<u8>(number * 5 % 16));
    out.profile.destinations.add(static_cast<u8>(number * 3 % 16));
    out.profile.destinations.add(reg::flags);
    return out;
}

Sample access(unsigned number, AccessIntent intent) {
    Sample out{.profile = profile_of(ExecutionClass::Nop, number),
               .accesses = {{.address = VirtualAddress{0x1000 + u64{number} * 24 % 4096},
                             .bytes = 8,
                             .intent = intent}}};
    out.profile.address_sources.add(static_cast<u8>(number * 5 % 16));
    if (intent == AccessIntent::Load) {
        out.profile.sources = {};
        out.profile.destinations.add(static_cast<u8>(number * 3 % 16));
    }
    return out;
}

Sample conditional(unsigned number) {
    Sample out{.profile = profile_of(ExecutionClass::Branch, number), .accesses = {}};
    out.profile.branch = BranchKind::Conditional;
    return out;
}

/// Three loads, a store and two branches of ten.
std::vector<Sample> mixed_program(unsigned length) {
    std::vector<Sample> out;
    for (unsigned i = 0; i < length; ++i) {
        switch (i % 10) {
            case 1:
            case 4:
            case 7:
                out.push_back(access(i, AccessIntent::Load));
                break;
            case 5:
                out.push_back(access(i, AccessIntent::Store));
                break;
            case 3:
            case 9:
                out.push_back(conditional(i));
                break;
            default:
                out.push_back(addition(i));
        }
    }
    return out;
}

std::vector<Sample> additions(unsigned length) {
    std::vector<Sample> out;
    for (unsigned i = 0; i < length; ++i) {
        out.push_back(addition(i));
    }
    return out;
}

/// One iteration is one instruction; the program repeats.
void run(benchmark::State& state, const std::vector<Sample>& program) {
    const Parameters parameters = core_parameters();
    AlwaysHits memory;
    Core core{parameters, memory};
    usize next = 0;
    for (auto _ : state) {
        const Sample& sample = program[next];
        const u64 rip = 0x40'0000 + 4 * next;
        core.step(sample.profile,
                  {.rip = rip, .place = sim::observe::Place::User, .accesses = sample.accesses});
        if (sample.profile.branch != BranchKind::None) {
            benchmark::DoNotOptimize(core.resolve(sample.profile, rip, rip + 4));
        }
        next = next + 1 == program.size() ? 0 : next + 1;
    }
    benchmark::DoNotOptimize(core.now());
}

void time_additions(benchmark::State& state) {
    run(state, additions(1000));
}
BENCHMARK(time_additions)->Name("timed_core_addition");

void time_mixed_instructions(benchmark::State& state) {
    run(state, mixed_program(1000));
}
BENCHMARK(time_mixed_instructions)->Name("timed_core_mixed");

/// The copy of a path that a mispredicted branch or a fault takes.
void fork_a_path(benchmark::State& state) {
    const Parameters parameters = core_parameters();
    AlwaysHits memory;
    Core core{parameters, memory};
    for (auto _ : state) {
        benchmark::DoNotOptimize(core.fork(Cycle{100}));
    }
}
BENCHMARK(fork_a_path)->Name("timed_core_fork");

}  // namespace

}  // namespace ringfence::bench
