// SPDX-License-Identifier: MIT
#include "lab/bench/measurement.h"

#include "lab/error.h"

namespace ringfence::lab::bench {

namespace {

using sim::observe::CostStack;
using sim::observe::Counters;
using sim::observe::EntryKind;
using sim::observe::Place;

constexpr Benchmark all[] = {
    {"null_syscall", "a system call that does nothing", 2000},
    {"read_byte", "read 1 byte of /dev/zero", 2000},
    {"write_byte", "write 1 byte to /dev/null", 2000},
    {"stat_file", "stat of /dev/null", 1000},
    {"open_close", "open and close of /dev/null", 1000},
    {"map_unmap", "64 KiB mapped and unmapped, untouched", 500},
    {"pipe_byte", "1 byte into a pipe and out of it", 1000},
    {"pipe_round_trip", "1 byte to another process and 1 back", 500},
    {"context_switch", "from one process to another, by sched_yield", 500, 2},
    {"context_switch_16k", "the same, each looking at 16 KiB in between", 200, 2},
    {"context_switch_256k", "the same with 256 KiB", 50, 2},
    {"signal_delivery", "kill to itself, handler, return", 1000},
    {"page_fault", "first touch of a page, and giving it back", 1000},
    {"fork_exit", "fork, exit, wait", 50},
    {"fork_exec", "fork, execve, exit, wait", 10},
    {"unix_round_trip", "1 byte to another process and 1 back, over AF_UNIX", 300},
    {"unix_transfer", "64 KiB to another process, over AF_UNIX", 20},
    {"tcp_round_trip", "1 byte and 1 back over TCP on loopback (TCP_RR)", 200},
    {"tcp_transfer", "64 KiB over TCP on loopback", 20},
    {"tcp_connection", "the same with a connection each time (TCP_CRR)", 40},
    {"timer_interrupt", "a timer tick in user mode, without its aftermath there", 4, 1, true},
};

u64 interrupts_of(const Counters& counters) {
    return counters.entries[static_cast<usize>(EntryKind::Interrupt)];
}

u64 instructions_of(const Counters& counters, const Benchmark& benchmark) {
    return counters.total_instructions() -
           (benchmark.interrupts ? counters.instructions_at(Place::User) : 0);
}

/// What the longer run has more. A cause that a benchmark of interrupts does not count is 0.
CostStack difference(const CostStack& twice, const CostStack& once, const Benchmark& benchmark) {
    CostStack result = twice;
    result -= once;
    if (benchmark.interrupts) {
        result.cycles[static_cast<usize>(Place::User)] = {};
    }
    return result;
}

void check(const Measurement& measurement, const CapturedRun& run) {
    const int status = shell_status(*run.report.exit);
    if (status != 0 || !run.outcome.counters) {
        fail(Failure::Own, "{} in {} on {}: the benchmark ended with status {}: {}",
             measurement.benchmark->name, measurement.setup.label, measurement.setup.cpu, status,
             run.error.substr(0, run.error.find('\n')));
    }
}

}  // namespace

std::span<const Benchmark> benchmarks() {
    return all;
}

void take_results(Measurement& measurement, const CapturedRun& once, const CapturedRun& twice) {
    check(measurement, once);
    check(measurement, twice);
    const Benchmark& benchmark = *measurement.benchmark;
    const Counters& few = *once.outcome.counters;
    const Counters& many = *twice.outcome.counters;
    const u64 less = instructions_of(few, benchmark);
    const u64 more = instructions_of(many, benchmark);
    const u64 interrupts = interrupts_of(many) - interrupts_of(few);
    measurement.operations =
        benchmark.interrupts ? interrupts : benchmark.count * benchmark.per_count;
    if (more <= less || measurement.operations == 0 || interrupts_of(many) < interrupts_of(few)) {
        fail(Failure::Own, "{} in {} on {}: twice the operations were not more work",
             benchmark.name, measurement.setup.label, measurement.setup.cpu);
    }
    const auto operations = static_cast<double>(measurement.operations);
    measurement.instructions = static_cast<double>(more - less) / operations;
    if (once.outcome.stack && twice.outcome.stack) {
        measurement.stack = difference(*twice.outcome.stack, *once.outcome.stack, benchmark);
        // The sum may wrap for single causes, which the longer run can have less of; not in all.
        measurement.cycles =
            static_cast<double>(static_cast<i64>(measurement.stack->total())) / operations;
    }
}

}  // namespace ringfence::lab::bench
