// SPDX-License-Identifier: MIT
// A small core on a memory whose every latency the test decides.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "sim/timing/core.h"

namespace ringfence::sim::timing {

/// Everything hits, but for the lines that a test names.
class FakeMemory : public MemoryPort {
public:
    struct Extra {
        Cycle translation = 0;
        Cycle cache = 0;
        bool blocked = false;
    };
    struct Call {
        DataAccess access;
        Cycle at = 0;
    };

    explicit FakeMemory(const HierarchyParameters& parameters) : parameters_(parameters) {}

    AccessTime fetch(VirtualAddress address, unsigned bytes, Cycle at) override {
        EXPECT_LE(address.offset_in(64) + bytes, 64U);
        fetches.push_back({.address = address, .bytes = bytes});
        return answer(code, address, at, parameters_.l1i.latency);
    }
    AccessTime access(const DataAccess& access, Cycle at) override {
        EXPECT_LT(at, never);
        accesses.push_back({access, at});
        if (access.intent == AccessIntent::Store) {
            AccessTime time = answer(data, access.address, at, 0);
            time.ready -= time.cache;
            time.cache = 0;
            return time;
        }
        return answer(data, access.address, at, parameters_.l1d.latency);
    }
    Cycle commit_store(const DataAccess& access, Cycle at) override {
        commits.push_back({access, at});
        return at + find(data, access.address).cache;
    }

    /// By line.
    std::map<u64, Extra> code;
    std::map<u64, Extra> data;
    std::vector<DataAccess> fetches;
    std::vector<Call> accesses;
    std::vector<Call> commits;

private:
    static Extra find(const std::map<u64, Extra>& lines, VirtualAddress address) {
        const auto found = lines.find(address.value() / 64 * 64);
        return found == lines.end() ? Extra{} : found->second;
    }
    static AccessTime answer(const std::map<u64, Extra>& lines, VirtualAddress address, Cycle at,
                             Cycle hit) {
        const Extra extra = find(lines, address);
        return {.ready = at + hit + extra.translation + extra.cache,
                .translation = extra.translation,
                .cache = extra.cache,
                .blocked = extra.blocked};
    }

    const HierarchyParameters& parameters_;
};

using Registers = std::initializer_list<u8>;

inline constexpr u8 rax = reg::general;
inline constexpr u8 rbx = reg::general + 1;
inline constexpr u8 rcx = reg::general + 2;
inline constexpr u8 rdx = reg::general + 3;

/// Everything is wide and nothing is scarce: each test narrows what it is about.
inline Parameters wide_parameters() {
    constexpr Ports alu = 0b110'0011;
    Parameters out;
    out.hierarchy.l1i.latency = 3;
    out.hierarchy.l1d.latency = 4;
    CoreParameters& core = out.core;
    core.fetch_bytes = 64;
    core.decode_width = 8;
    core.dispatch_width = 8;
    core.retire_width = 8;
    core.reorder_buffer = 256;
    core.scheduler = 128;
    core.load_queue = 64;
    core.store_queue = 48;
    core.mispredict_penalty = 17;
    core.store_forward_latency = 5;
    core.load_ports = 0b1100;
    core.store_address_ports = 0b1000'1100;
    core.store_data_ports = 0b1'0000;
    core.branch_history_bits = 12;
    core.branch_counters = 1024;
    core.branch_target_entries = 64;
    core.branch_target_ways = 4;
    core.return_stack = 16;
    core.indirect_entries = 64;
    core.exception_start = 30;
    for (ExecutionParameters& execution : core.execution) {
        execution = {.ports = alu, .latency = 1};
    }
    core.execution[static_cast<unsigned>(ExecutionClass::Nop)] = {.ports = 0, .latency = 0};
    core.execution[static_cast<unsigned>(ExecutionClass::Multiply)] = {.ports = 0b10, .latency = 3};
    core.execution[static_cast<unsigned>(ExecutionClass::Divide64)] = {
        .ports = 0b1, .latency = 40, .occupancy = 24, .micro_operations = 4};
    core.execution[static_cast<unsigned>(ExecutionClass::Microcode)] = {
        .ports = alu, .latency = 20, .occupancy = 1, .micro_operations = 32};
    return out;
}

class CoreTest : public testing::Test {
protected:
    /// The core is made at the first use of it.
    Core& core() {
        if (core_ == nullptr) {
            core_ = std::make_unique<Core>(parameters, memory);
        }
        return *core_;
    }
    /// The next use is of another core, with the parameters as they are then.
    void start_anew() { core_.reset(); }
    CoreParameters& knobs() { return parameters.core; }
    ExecutionParameters& unit(ExecutionClass execution) {
        return parameters.core.execution[static_cast<unsigned>(execution)];
    }
    Cycle& cost(Event event) { return parameters.event_cycles[static_cast<unsigned>(event)]; }

    static InstructionProfile operation(ExecutionClass execution, Registers sources = {},
                                        Registers destinations = {}) {
        InstructionProfile out;
        out.execution = execution;
        out.length = 4;
        for (const u8 name : sources) {
            out.sources.add(name);
        }
        for (const u8 name : destinations) {
            out.destinations.add(name);
        }
        return out;
    }
    static InstructionProfile add(Registers sources = {}, Registers destinations = {}) {
        return operation(ExecutionClass::Integer, sources, destinations);
    }
    static InstructionProfile nop() { return operation(ExecutionClass::Nop); }
    /// A plain load of `destination`, from where `address` points.
    static InstructionProfile load(u8 destination, Registers address = {}) {
        InstructionProfile out = operation(ExecutionClass::Nop, {}, {destination});
        for (const u8 name : address) {
            out.address_sources.add(name);
        }
        return out;
    }
    static InstructionProfile store(Registers data = {}) {
        return operation(ExecutionClass::Nop, data);
    }
    static InstructionProfile fence(Ordering ordering) {
        InstructionProfile out = nop();
        out.ordering = ordering;
        return out;
    }
    static InstructionProfile event(Event event, Ordering ordering = Ordering::Serializing) {
        InstructionProfile out = operation(ExecutionClass::Microcode);
        out.event = event;
        out.ordering = ordering;
        return out;
    }
    static InstructionProfile branch(BranchKind kind, u64 target = 0, Registers sources = {}) {
        InstructionProfile out = operation(ExecutionClass::Branch, sources);
        out.branch = kind;
        out.branch_target = target;
        return out;
    }

    static DataAccess at(u64 address, AccessIntent intent = AccessIntent::Load, u32 bytes = 8) {
        return {.address = VirtualAddress{address}, .bytes = bytes, .intent = intent};
    }
    static DataAccess to(u64 address, u32 bytes = 8) {
        return at(address, AccessIntent::Store, bytes);
    }

    Timing run(const InstructionProfile& profile, std::initializer_list<DataAccess> accesses = {}) {
        const Timing timing = core().step(
            profile, {.rip = rip, .place = place, .accesses = {accesses.begin(), accesses.size()}});
        rip += profile.length;
        EXPECT_EQ(core().stack().total(), core().now());
        return timing;
    }
    /// A branch that goes to `next`; true if another path was fetched.
    bool run_branch(const InstructionProfile& profile, u64 next, Timing* timing = nullptr) {
        const u64 before = core().mispredictions();
        const Timing got = run(profile);
        if (timing != nullptr) {
            *timing = got;
        }
        wrong_path = core().resolve(profile, rip - profile.length, next);
        rip = next;
        return core().mispredictions() != before;
    }
    Timing run_in(Stream& shadow, const InstructionProfile& profile,
                  std::initializer_list<DataAccess> accesses = {}, u64 shadow_rip = 0x40'0000) {
        return core().step_transient(
            shadow, profile,
            {.rip = shadow_rip, .place = place, .accesses = {accesses.begin(), accesses.size()}});
    }
    u64 charged(observe::Cause cause) { return core().stack().at(place, cause); }

    Parameters parameters = wide_parameters();
    FakeMemory memory{parameters.hierarchy};
    u64 rip = 0x40'0000;
    observe::Place place = observe::Place::User;
    std::optional<Mispredicted> wrong_path;

private:
    std::unique_ptr<Core> core_;
};

}  // namespace ringfence::sim::timing
