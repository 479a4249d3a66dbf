// SPDX-License-Identifier: MIT
// An out-of-order core by time stamps: each instruction is given its cycles, in program order, from
// when its registers, its slots in the core's queues and its units are free.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/compiler.h"
#include "sim/observe/cost_stack.h"
#include "sim/timing/branch_predictor.h"
#include "sim/timing/cost_rule.h"
#include "sim/timing/entry_queue.h"
#include "sim/timing/memory_port.h"
#include "sim/timing/parameters.h"
#include "sim/timing/port_schedule.h"
#include "sim/timing/scheduler.h"
#include "sim/timing/shape.h"
#include "sim/timing/store_buffer.h"
#include "sim/timing/stream.h"

namespace ringfence::sim::timing {

/// One execution of an instruction.
struct Step {
    u64 rip = 0;
    observe::Place place = observe::Place::User;
    std::span<const DataAccess> accesses;  ///< in the instruction's order
};

/// The cycles of one instruction. A cycle that will not come is `never` or later.
struct Timing {
    Cycle fetched = 0;
    Cycle dispatched = 0;  ///< its last micro-operation entered the core
    Cycle issued = 0;      ///< its operation began (of a plain load: the load)
    Cycle completed = 0;   ///< all its parts are done
    Cycle retired = 0;
    /// It was begun before its path is squashed: it has a result. Always, on the main path.
    bool begins = true;
    /// Nothing younger on its path can begin: the rest of the path need not be looked at.
    bool ends_path = false;
    /// Where fetch went on: the instruction after it, or where the predictor took a branch. 0: it
    /// had no idea, and fetch waits for the branch.
    u64 predicted_next = 0;
};

/// A wrong path that was fetched while its branch was on the way.
struct Mispredicted {
    u64 rip = 0;           ///< where the wrong path starts
    Cycle fetch_from = 0;  ///< when its first bytes were fetched
    Cycle squash_at = 0;   ///< the branch was executed
    FrontEnd front;        ///< of the wrong path
    u64 history = 0;
};

/// How to use it: for each instruction of the main path, before it executes, `step`; after a branch
/// has executed, `resolve`. A wrong path, or what follows a fault, is a `fork` on which
/// `step_transient` (and `resolve_transient`) are called until it says `ends_path`.
///
/// `Memory` is a MemoryPort, or a final class derived from it, whose functions are inlined then.
template <typename Memory>
class BasicCore {
public:
    /// `memory` is used for the core's whole life.
    BasicCore(const Parameters& parameters, Memory& memory);

    /// What an instruction with these accesses takes at each of its executions: of the accesses,
    /// only how many there are and their intents matter.
    [[nodiscard]] Shape shape_of(const InstructionProfile& profile,
                                 std::span<const DataAccess> accesses) const;

    /// Times the main path's next instruction, sends its accesses, and charges its cycles. A load
    /// that is blocked leaves its registers unready until `deliver` or the next step. If any access
    /// is blocked, its stores are not written.
    Timing step(const InstructionProfile& profile, const Step& step);
    /// The same where the shape is known, and with it the form.
    template <Form form>
    Timing step(const InstructionProfile& profile, const Shape& shape, const Step& step);

    /// After `step` of a branch, when it is known where it went: trains the predictor. If another
    /// path was fetched meanwhile, fetch restarts when the branch was executed, and the wrong path
    /// is given (none if fetch waited).
    std::optional<Mispredicted> resolve(const InstructionProfile& profile, u64 rip, u64 next_rip);

    /// The path that will be squashed when the branch is executed.
    [[nodiscard]] Stream fork(const Mispredicted& wrong) const;
    /// What follows the instruction of the latest `step` until `squash_at` (`fault_squash`).
    [[nodiscard]] Stream fork(Cycle squash_at) const;

    /// Times an instruction of a path that will be squashed. What does not begin before that leaves
    /// no trace; of what does, caches and TLBs keep theirs.
    Timing step_transient(Stream& shadow, const InstructionProfile& profile, const Shape& shape,
                          const Step& step);
    Timing step_transient(Stream& shadow, const InstructionProfile& profile, const Step& step) {
        return step_transient(shadow, profile, shape_of(profile, step.accesses), step);
    }

    /// Where the squashed path goes on after a branch whose shadow execution leads to `outcome`:
    /// there, if the branch is executed before the squash (later, if it was mispredicted), else
    /// where it was predicted. 0: nowhere. Trains nothing.
    u64 resolve_transient(Stream& shadow, const InstructionProfile& profile, u64 rip,
                          const Timing& branch, u64 outcome) const;

    /// When all that follows the latest `step` is squashed if its instruction faults: it is the
    /// oldest and has completed, and the exception has started.
    [[nodiscard]] Cycle fault_squash() const { return now() + parameters_.core.exception_start; }

    /// Delivers an exception or an interrupt from cycle `from` (fault_squash() for a fault, now()
    /// else): takes the event's cycles, with what its accesses add by misses; then fetch restarts
    /// so that the handler's first instruction may begin at the end. Returns that cycle.
    Cycle deliver(Event event, Cycle from, observe::Place place,
                  std::span<const DataAccess> accesses);

    /// Fetch restarts at `at`: for changes of the path that no instruction stands for.
    void redirect(Cycle at);

    /// Nothing happens until `until`; the cycles are charged to `cause`.
    void pass(Cycle until, observe::Place place, observe::Cause cause);
    void idle_until(Cycle until, observe::Place place) { pass(until, place, observe::Cause::Idle); }

    /// The latest retirement. The cost stack's total is this, always.
    [[nodiscard]] Cycle now() const { return main_.retire.cycle; }
    [[nodiscard]] const observe::CostStack& stack() const { return stack_; }
    [[nodiscard]] u64 branches() const { return branches_; }
    [[nodiscard]] u64 mispredictions() const { return mispredictions_; }
    /// Of what paths that were squashed must leave alone.
    [[nodiscard]] u64 digest() const;
    /// Between two instructions.
    void visit_state(state::Visitor& visitor);

private:
    /// Of an execution class, for looking up.
    struct ClassFigures {
        Cycle latency = 0;
        u32 more_slots = 0;  ///< beyond what the instruction has anyway
        u32 entries = 0;     ///< of the scheduler: none if it needs no unit
    };
    /// Of which path an instruction is. What the main path does is never squashed.
    enum class Path : u8 { Main, Squashed };
    /// What its accesses came to.
    struct Accessed {
        Cycle first = never;    ///< when the first was sent
        Cycle loaded = 0;       ///< all loads have their data
        Cycle addressed = 0;    ///< all else is done, stores' data aside
        Cycle known = 0;        ///< it is known which of them are blocked
        Cycle translation = 0;  ///< of the one that was ready last
        Cycle cache = 0;
        bool blocked = false;
    };
    /// When dispatch could have been, but for one thing.
    struct Dispatch {
        Cycle at = never;
        Cycle decoded = 0;
        Cycle room = 0;         ///< slots and entries, but for the store queue's
        Cycle stores_left = 0;  ///< the store queue's
    };
    struct Result {
        Cycle issued = 0;
        Cycle ready = 0;  ///< for dependents
    };
    struct LastBranch {
        u64 predicted = 0;
        u64 history = 0;
        Cycle completed = 0;
    };

    void visit_path(state::Visitor& visitor, Cycle latest);
    [[nodiscard]] static Cycle fetch_to_dispatch(const CoreParameters& core);
    [[nodiscard]] const ClassFigures& figures(const InstructionProfile& profile) const {
        return classes_[static_cast<unsigned>(profile.execution)];
    }

    // Front end (core_front_end.h).
    void enter_line(Stream& stream, u64 address);
    void restart(Stream& stream, Cycle at) const;
    void restart_to_begin(Cycle from, Cycle begin);
    u64 predict(Stream& stream, const InstructionProfile& profile, u64 rip);

    // Every instruction's way (core_step.h), in the order of the pipeline.
    template <Path path>
    void fetch(Stream& stream, u64 rip, u32 length);
    template <Path path, Form form>
    [[nodiscard]] Dispatch dispatch(Stream& stream, KnownShape<form> shape);
    [[nodiscard]] static Cycle earliest_begin(const Stream& stream, Ordering ordering,
                                              Cycle dispatched);
    template <Path path, Form form>
    [[nodiscard]] Result operate(const Stream& stream, const InstructionProfile& profile,
                                 const Accessed& accessed, Cycle earliest);
    template <Path path, Form form>
    void execute(Stream& stream, const InstructionProfile& profile,
                 std::span<const DataAccess> accesses, KnownShape<form> shape, Timing& timing,
                 Accessed& accessed);
    template <Form form>
    void retire(const Step& step, KnownShape<form> shape, bool blocked, Timing& timing);
    template <Form form>
    void explain(const InstructionProfile& profile, const Step& step, KnownShape<form> shape,
                 const Dispatch& dispatched, const Accessed& accessed, Cycle previous);
    /// `alone`: what it takes from its first possible beginning. `waits`: for its accesses; the
    /// rest is found out.
    void explain_waits(const InstructionProfile& profile, observe::Place place, Dispatch dispatched,
                       Cycle alone, Waits waits, Cycle previous);
    void order_younger(const InstructionProfile& profile, const Timing& timing);
    void unblock(Cycle at);
    void hold(Stream& shadow, const InstructionProfile& profile, const Shape& shape);

    // Memory (core_access.h).
    template <Path path, Form form>
    void send_accesses(Stream& stream, const InstructionProfile& profile,
                       std::span<const DataAccess> accesses, Cycle earliest, Accessed& out);
    template <Path path>
    void send_load(Stream& stream, const DataAccess& access, Cycle ready, Accessed& out);
    template <Path path>
    void send_other(Stream& stream, const DataAccess& access, Cycle ready, Accessed& out);
    template <Path path>
    Cycle send_store_data(Stream& stream, const DataAccess& access, u64 number, Cycle ready);
    void commit_store(const DataAccess& access, u64 number, Cycle retired, bool blocked);

    /// Books a port of some, or a class's unit, and the scheduler's entry until then; `never` if
    /// that is not before the stream's squash, until which the entry is taken.
    template <Path path, typename Wanted>
    RF_ALWAYS_INLINE Cycle issue(const Stream& stream, Wanted wanted, Cycle ready) {
        if constexpr (path == Path::Main) {
            const Cycle at = ports_.book(wanted, ready, never);
            scheduler_.enter(at);
            return at;
        }
        const Cycle limit = stream.squash_at;
        const Cycle at = ready < limit ? ports_.book(wanted, ready, limit) : limit;
        if (at < limit) {
            scheduler_.enter(at);
            return at;
        }
        scheduler_.enter(limit);
        return never;
    }

    /// From the cycle of dispatch to the first in which an instruction may begin.
    static constexpr Cycle dispatch_to_issue = 1;

    const Parameters parameters_;
    Memory& memory_;
    Cycle depth_;  ///< from fetch to dispatch
    std::array<ClassFigures, execution_class_count> classes_{};
    Ports load_ports_ = 0;
    Ports store_address_ports_ = 0;
    Ports store_data_ports_ = 0;

    Stream main_;
    PortSchedule ports_;
    Scheduler scheduler_;
    EntryQueue reorder_buffer_;
    EntryQueue load_queue_;
    EntryQueue store_queue_;
    StoreBuffer stores_;
    BranchPredictor predictor_;
    LastBranch last_branch_;
    bool blocked_ = false;  ///< the latest instruction had a blocked access

    observe::CostStack stack_;
    u64 branches_ = 0;
    u64 mispredictions_ = 0;
};

/// A core on any memory: what tests use.
using Core = BasicCore<MemoryPort>;

}  // namespace ringfence::sim::timing

#include "sim/timing/core_access.h"
#include "sim/timing/core_delivery.h"
#include "sim/timing/core_front_end.h"
#include "sim/timing/core_state.h"
#include "sim/timing/core_step.h"

namespace ringfence::sim::timing {

extern template class BasicCore<MemoryPort>;

}  // namespace ringfence::sim::timing
