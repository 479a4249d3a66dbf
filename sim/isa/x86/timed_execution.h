// SPDX-License-Identifier: MIT
// The timed engine's part beside the handlers: gives each instruction its cycles before it runs,
// and runs what the processor would run in vain: the wrong path of a branch, and what follows a
// fault until it is the oldest.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "sim/isa/x86/block.h"
#include "sim/isa/x86/timed_instruction.h"
#include "sim/mmu/timed_memory.h"
#include "sim/timing/core.h"

namespace ringfence::sim::isa::x86 {

/// The op in front of each instruction of a timed block; its `displacement` is the address of the
/// instruction's TimedInstruction.
__attribute__((preserve_none)) void time_instruction(Cpu& cpu, const Op* op);

class TimedExecution {
public:
    /// Both outlive it. Becomes cpu.timed.
    TimedExecution(Cpu& cpu, memory::PhysicalMemory& memory, const timing::Parameters& parameters);
    ~TimedExecution();
    TimedExecution(const TimedExecution&) = delete;
    TimedExecution& operator=(const TimedExecution&) = delete;

    // For the engine
    // ------------------------------------------------------------------------------

    /// At most so many instructions begin from now on.
    void allow(u64 instructions) { last_ = executed_ + instructions; }
    /// Instructions that have begun and not faulted.
    [[nodiscard]] u64 executed() const { return executed_; }
    /// cpu.cycles becomes the present: RDTSC leaves the earlier cycle at which it was executed.
    void synchronize() { cpu_.cycles = core_.now(); }
    /// Halted until `cycle`.
    void idle_until(timing::Cycle cycle);

    // For handlers
    // --------------------------------------------------------------------------------

    /// Times the instruction behind `op`. False: it must not run now; leave in front of it.
    bool begin(const Op& op);
    /// The instruction that began last raised an exception, which is not delivered yet.
    void faulted(const Op& op);
    /// It reaches a device and will be tried again, alone; it is not timed twice.
    void postponed(const Op& op);
    /// An exception or interrupt is about to be delivered at cpu.rip.
    void delivering() { settle(cpu_.rip); }
    /// Delivery of `vector` has changed the processor's state.
    void delivered(u8 vector);
    /// Whether what runs now will be squashed. A handler that fails then only says so.
    [[nodiscard]] bool on_transient_path() const { return transient_; }
    void fail_transiently() { failed_ = true; }

    [[nodiscard]] const timing::Core& core() const { return core_; }
    [[nodiscard]] const mmu::TimedMemory& memory() const { return memory_; }
    /// Equal runs have equal digests.
    [[nodiscard]] u64 digest() const;

private:
    /// A branch that ran, whose successor is not known yet.
    struct PendingBranch {
        const timing::InstructionProfile* profile = nullptr;
        u64 rip = 0;
    };
    /// A repeated string instruction that runs, and where it stood.
    struct PendingRepeat {
        const TimedInstruction* instruction = nullptr;
        u64 rip = 0;
        u64 count = 0;
        u64 source = 0;
        u64 destination = 0;
        observe::Place place{};
    };
    static constexpr unsigned max_accesses = 12;

    void take_back();
    void settle(u64 next_rip);
    void settle_repeat();
    void step_repeated(const PendingRepeat& repeat, u64 done);
    std::span<const timing::DataAccess> accesses_of(const TimedInstruction& instruction);
    void time(const TimedInstruction& instruction, u64 rip);

    void run_path(timing::Stream path, u64 rip, const Op* first);
    bool run_block(timing::Stream& path, u64& rip);
    bool run_one(timing::Stream& path, const Block& block, const Op& timer, u64& rip);
    bool execute(const Block& block, const Op& timer, u64& next);

    Cpu& cpu_;
    const timing::Parameters parameters_;
    mmu::TimedMemory memory_;
    timing::Core core_;
    std::array<timing::DataAccess, max_accesses> accesses_;
    u64 executed_ = 0;
    u64 last_ = 0;
    timing::Cycle last_time_read_ = 0;
    PendingBranch branch_;
    PendingRepeat repeat_;
    /// The instruction that was timed and then postponed.
    std::optional<u64> postponed_;
    bool fault_waits_ = false;

    bool transient_ = false;
    bool failed_ = false;
    Block path_block_;
    Block nowhere_;
    std::array<Op, 8> path_ops_;
};

}  // namespace ringfence::sim::isa::x86
