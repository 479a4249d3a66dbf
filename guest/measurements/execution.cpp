// SPDX-License-Identifier: MIT
#include "guest/measurements/execution.h"

#include "guest/measurements/branches.h"
#include "guest/measurements/features.h"
#include "guest/measurements/queues.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

bool absent(const ExecutionSample& sample) {
    return sample.needs_aes && !has_aes();
}

}  // namespace

std::span<const ExecutionSample> execution_samples() {
    static constexpr ExecutionSample all[] = {
        {"integer"},
        {"lea"},
        {"shift"},
        {"multiply"},
        {"divide32"},
        {"divide64"},
        {"bit_scan"},
        {.name = "branch", .has_chain = false},
        {"vector_integer"},
        {"vector_shuffle"},
        {"vector_multiply"},
        {"float_add"},
        {"float_multiply"},
        {"float_divide32"},
        {"float_divide64"},
        {"float_square_root"},
        {"convert"},
        {.name = "transfer", .chain_instructions = 2},
        {.name = "aes", .needs_aes = true},
        {.name = "x87", .has_many = false},
        {.name = "x87_slow", .has_many = false},
        {"microcode"},
    };
    return all;
}

Thousandths latency(Workbench& bench, const ExecutionSample& sample) {
    constexpr u64 links = 64;
    if (absent(sample)) {
        return not_here;
    }
    if (!sample.has_chain) {
        return branch_latency(bench);
    }
    return cycles_per_copy(bench, nothing(), snippet("chain", sample.name), links) /
           sample.chain_instructions;
}

Thousandths cycles_each(Workbench& bench, const ExecutionSample& sample) {
    constexpr u64 groups = 10;
    constexpr u64 group_size = 12;
    if (absent(sample) || !sample.has_many) {
        return not_here;
    }
    return cycles_per_copy(bench, nothing(), snippet("many", sample.name), groups) / group_size;
}

Thousandths micro_operations(Workbench& bench, const ExecutionSample& sample) {
    if (absent(sample)) {
        return not_here;
    }
    const auto code = sample.has_chain ? snippet("chain", sample.name) : snippet("single.branch");
    return slots_of(bench, code, 1) / sample.chain_instructions;
}

}  // namespace ringfence::measurements
