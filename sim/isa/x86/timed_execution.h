// SPDX-License-Identifier: MIT
// The timed engine's part beside the handlers: gives each instruction its cycles before it runs,
// and runs what the processor would run in vain: the wrong path of a branch, and what follows a
// fault until it is the oldest.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "sim/isa/x86/block_builder.h"
#include "sim/isa/x86/timed_instruction.h"
#include "sim/isa/x86/written_lines.h"
#include "sim/mmu/timed_memory.h"
#include "sim/timing/core.h"

namespace ringfence::sim::isa::x86 {

class TimedExecution {
public:
    /// The handler of the op in front of an instruction of a timed block; that op's `displacement`
    /// is the address of the TimedInstruction.
    static Handler timer_of(const TimedInstruction& instruction);
    static bool is_timer(const Op& op);

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
    /// Fills in what the core needs to know of a decoded instruction.
    void shape(TimedInstruction& instruction);
    /// cpu.cycles becomes the present: RDTSC leaves the earlier cycle at which it was executed.
    void synchronize() { cpu_.cycles = core_.now(); }
    /// Halted until `cycle`.
    void idle_until(timing::Cycle cycle);
    /// To be called whenever the engine looks around. True: a line that the running transaction has
    /// written has left the first-level cache, and so it must be aborted.
    [[nodiscard]] bool loses_transaction() {
        unsettled_ = true;
        watches_lines_ = true;
        return line_lost_;
    }

    // For handlers
    // --------------------------------------------------------------------------------

    /// Times the instruction behind `op`, which has the given form. False: it must not run now;
    /// leave in front of it.
    template <timing::Form form>
    bool begin(Cpu& cpu, const Op& op);
    /// The instruction that began last raised an exception, which is not delivered yet.
    void faulted(const Op& op);
    /// It reaches a device and will be tried again, alone; it is not timed twice.
    void postponed(const Op& op);
    /// An exception or interrupt is about to be delivered at cpu.rip.
    void delivering() { settle(cpu_.rip); }
    /// Delivery of `vector` has changed the processor's state.
    void delivered(u8 vector);
    /// A transaction has been rolled back: what follows is the fallback.
    void aborted();
    /// Whether what runs now will be squashed. A handler that fails then only says so.
    [[nodiscard]] bool on_transient_path() const { return transient_; }
    void fail_transiently() { failed_ = true; }

    using Core = timing::BasicCore<mmu::TimedMemory>;
    [[nodiscard]] const Core& core() const { return core_; }
    [[nodiscard]] const mmu::TimedMemory& memory() const { return memory_; }
    /// Equal runs have equal digests.
    [[nodiscard]] u64 digest() const;
    /// Between two runs of the engine. There is no such state while `repeats`: what a repeated
    /// string instruction did will be timed before the next one.
    void visit_state(state::Visitor& visitor);
    [[nodiscard]] bool repeats() const { return repeat_.instruction != nullptr; }
    /// Whether what happens is reported from now on (observe::TimingEvent). Between two runs.
    void report(bool on);

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
    static constexpr unsigned max_accesses = 14;  ///< XSAVE of 13 lines that are not aligned

    void visit_branch(state::Visitor& visitor);

    bool begin_repeated(const TimedInstruction& instruction, u64 rip);
    bool begin_again(u64 rip);
    void take_back();
    void settle(u64 next_rip);
    void report_retired();
    void report_transient(u64 rip, timing::Cycle issued);
    void report_event(observe::TimingEvent event);
    void settle_branch(u64 next_rip);
    void settle_repeat();
    void settle_transaction();
    void step_repeated(const PendingRepeat& repeat, u64 done);
    std::span<const timing::DataAccess> accesses_of(const TimedInstruction& instruction);
    std::span<const timing::DataAccess> all_lanes_of(const TimedGather& gather);
    timing::Timing time_general(const TimedInstruction& instruction, const timing::Step& step);
    void read_time(timing::Cycle issued);

    void run_path(timing::Stream path, u64 rip, const Op* first);
    bool run_block(timing::Stream& path, u64& rip);
    bool run_one(timing::Stream& path, const Block& block, const Op& timer, u64& rip);
    bool execute(const Block& block, const Op& timer, u64& next);

    Cpu& cpu_;
    const timing::Parameters parameters_;
    mmu::TimedMemory memory_;
    Core core_;
    std::array<timing::DataAccess, max_accesses> accesses_;
    u64 executed_ = 0;
    u64 last_ = 0;
    timing::Cycle last_time_read_ = 0;
    /// What is known of the instruction before only when the next one is.
    bool unsettled_ = false;
    PendingBranch branch_;
    /// What is needed of the profile of a branch that is loaded.
    timing::InstructionProfile loaded_branch_;
    PendingRepeat repeat_;
    /// The instruction that was timed and then postponed.
    std::optional<u64> postponed_;
    bool fault_waits_ = false;
    bool watches_lines_ = false;  ///< a transaction runs, or ran until the last instruction
    WrittenLines written_lines_;
    bool line_lost_ = false;
    bool reporting_ = false;
    u64 reported_ = 0;  ///< `executed_` when an instruction's retirement was last reported

    bool transient_ = false;
    bool failed_ = false;
    Block path_block_;
    Block nowhere_;
    /// One instruction's, and an end.
    std::array<Op, max_instruction_ops + 1> path_ops_;
};

}  // namespace ringfence::sim::isa::x86
