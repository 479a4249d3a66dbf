// SPDX-License-Identifier: MIT
// Paths that will be squashed: what of them begins, and that nothing of them stays.
#include <random>

#include "tests/unit/sim/timing/core_fixture.h"

namespace ringfence::sim::timing {
namespace {

class TransientTest : public CoreTest {
protected:
    /// A window of `cycles` after an instruction that has just retired.
    Stream window(Cycle cycles) {
        run(add());
        return core().fork(core().now() + cycles);
    }
};

TEST_F(TransientTest, WhatIsReadyBeforeTheSquashBeginsAndWhatIsNotDoesNot) {
    constexpr Cycle miss = 60;
    const Cycle hit = parameters.hierarchy.l1d.latency;
    memory.data[0x1000] = {.cache = miss};
    run(add());
    const Timing first = run(load(rax), {at(0x1000)});
    for (const Cycle slack : {Cycle{1}, Cycle{0}}) {
        Stream shadow = core().fork(first.issued + hit + miss + slack);
        const Timing dependent = run_in(shadow, load(rbx, {rax}), {at(0x2000)}, rip);
        EXPECT_EQ(dependent.begins, slack == 1);
        EXPECT_EQ(memory.accesses.back().access.address.value() == 0x2000, slack == 1);
        memory.accesses.pop_back();
    }
}

TEST_F(TransientTest, DependentsOfWhatDoesNotBeginDoNotEither) {
    Stream shadow = window(20);
    EXPECT_TRUE(run_in(shadow, operation(ExecutionClass::Divide64, {}, {rax})).begins);
    EXPECT_FALSE(run_in(shadow, add({rax}, {rbx})).begins);
    EXPECT_FALSE(run_in(shadow, add({rbx}, {rcx})).begins);
    EXPECT_TRUE(run_in(shadow, add({rdx}, {rdx})).begins);
}

TEST_F(TransientTest, DependentsOfABlockedLoadNeverBegin) {
    memory.data[0x1000] = {.blocked = true};
    Stream shadow = window(500);
    EXPECT_TRUE(run_in(shadow, load(rax), {at(0x1000)}).begins);
    const std::size_t sent = memory.accesses.size();
    EXPECT_FALSE(run_in(shadow, load(rbx, {rax}), {at(0x2000)}).begins);
    EXPECT_FALSE(run_in(shadow, add({rbx}, {rbx})).begins);
    EXPECT_EQ(memory.accesses.size(), sent);
    EXPECT_TRUE(run_in(shadow, load(rcx), {at(0x3000)}).begins);
}

TEST_F(TransientTest, WhatFollowsABlockedLoadOfTheMainPathIsItsDependent) {
    memory.data[0x1000] = {.blocked = true};
    run(load(rax), {at(0x1000)});
    Stream shadow = core().fork(core().fault_squash());
    EXPECT_FALSE(run_in(shadow, load(rbx, {rax}), {at(0x2000)}, rip).begins);
    EXPECT_TRUE(run_in(shadow, load(rbx, {rcx}), {at(0x2000)}, rip + 4).begins);
}

TEST_F(TransientTest, TheWindowOfAFaultIsAsLongAsTheExceptionTakesToStart) {
    for (const Cycle start : {Cycle{10}, Cycle{50}}) {
        knobs().exception_start = start;
        start_anew();
        const Timing faulting = run(load(rax), {at(0x1000)});
        EXPECT_EQ(core().fault_squash(), faulting.retired + start);
    }
}

TEST_F(TransientTest, TheReorderBufferBoundsThePath) {
    knobs().reorder_buffer = 64;
    Stream shadow = window(10000);
    u32 entered = 0;
    while (!run_in(shadow, nop()).ends_path) {
        ++entered;
    }
    EXPECT_EQ(entered, knobs().reorder_buffer);
}

TEST_F(TransientTest, OlderInstructionsStillHoldTheirEntries) {
    knobs().reorder_buffer = 64;
    memory.data[0x1000] = {.cache = 1000};
    run(load(rax), {at(0x1000)});
    for (int i = 0; i < 19; ++i) {
        run(nop());
    }
    Stream shadow = core().fork(900);
    u32 entered = 0;
    while (!run_in(shadow, nop(), {}, rip).ends_path) {
        ++entered;
    }
    EXPECT_EQ(entered, knobs().reorder_buffer - 20);
}

TEST_F(TransientTest, TheLoadAndStoreQueuesBoundThePath) {
    Stream shadow = window(10000);
    u32 loads = 0;
    while (!run_in(shadow, load(rax), {at(0x1000)}).ends_path) {
        ++loads;
    }
    EXPECT_EQ(loads, knobs().load_queue);
    shadow = core().fork(core().now() + 10000);
    u32 stores = 0;
    while (!run_in(shadow, store(), {to(0x1000)}).ends_path) {
        ++stores;
    }
    EXPECT_EQ(stores, knobs().store_queue);
}

TEST_F(TransientTest, TheSchedulerBoundsThePath) {
    memory.data[0x1000] = {.blocked = true};
    Stream shadow = window(10000);
    run_in(shadow, load(rax), {at(0x1000)});
    u32 waiting = 0;
    while (!run_in(shadow, add({rax}, {rax})).ends_path) {
        ++waiting;
    }
    EXPECT_EQ(waiting, knobs().scheduler);
}

TEST_F(TransientTest, FetchThatMissesEndsTheShortPath) {
    memory.code[0x80'0000] = {.cache = 200};
    Stream shadow = window(100);
    EXPECT_TRUE(run_in(shadow, nop(), {}, 0x80'0000).ends_path);
    EXPECT_EQ(memory.fetches.back().address.value(), 0x80'0000U);
}

TEST_F(TransientTest, ItsStoresForwardToItsLoadsAndAreNeverWritten) {
    Stream shadow = window(200);
    const Timing slow = run_in(shadow, operation(ExecutionClass::Divide64, {}, {rax}));
    EXPECT_TRUE(run_in(shadow, store({rax}), {to(0x1000)}).begins);
    const Timing forwarded = run_in(shadow, load(rbx), {at(0x1000)});
    EXPECT_EQ(forwarded.completed, slow.completed + knobs().store_forward_latency);
    EXPECT_TRUE(memory.commits.empty());
    core().redirect(shadow.squash_at);
    const Timing after = run(load(rbx), {at(0x1000)});
    EXPECT_EQ(after.completed, after.issued + parameters.hierarchy.l1d.latency);
}

TEST_F(TransientTest, StoresOfAnEarlierSquashedPathForwardToNobody) {
    memory.data[0x5000] = {.blocked = true};
    const Cycle hit = parameters.hierarchy.l1d.latency;
    Stream first = window(200);
    run_in(first, operation(ExecutionClass::Divide64, {}, {rax}));
    ASSERT_TRUE(run_in(first, store({rax}), {to(0x1000)}).begins);
    core().deliver(Event::Exception, first.squash_at, place, {});
    // Neither to another such path, whose store of the same number finds no address,
    Stream second = window(200);
    InstructionProfile unaddressed = store();
    unaddressed.address_sources.add(rbx);
    second.ready[rbx] = never;
    EXPECT_FALSE(run_in(second, unaddressed, {to(0x2000)}).completed < never);
    Timing loaded = run_in(second, load(rcx), {at(0x1000)});
    EXPECT_EQ(loaded.completed, loaded.issued + hit);
    core().deliver(Event::Exception, second.squash_at, place, {});
    // nor to the main path, whose store of that number faults.
    run_in(first = core().fork(core().now() + 200), store(), {to(0x1000)});
    core().redirect(first.squash_at);
    run(store(), {to(0x5000)});
    loaded = run(load(rcx), {at(0x1000)});
    EXPECT_EQ(loaded.completed, loaded.issued + hit);
}

TEST_F(TransientTest, TheMainPathsStoresForwardToItsLoads) {
    run(operation(ExecutionClass::Divide64, {}, {rax}));
    const Timing stored = run(store({rax}), {to(0x1000)});
    Stream shadow = core().fork(stored.retired + 200);
    const Timing forwarded = run_in(shadow, load(rbx), {at(0x1000)}, rip);
    EXPECT_EQ(forwarded.completed, stored.completed - 1 + knobs().store_forward_latency);
}

TEST_F(TransientTest, WhatWaitsForRetirementNeverBegins) {
    Stream shadow = window(200);
    InstructionProfile stops = add({}, {rax});
    stops.stops_transience = true;
    EXPECT_FALSE(run_in(shadow, stops).begins);
    EXPECT_FALSE(run_in(shadow, add({rax}, {rbx})).begins);
    EXPECT_TRUE(run_in(shadow, add()).begins);
    Stream fenced = shadow;
    EXPECT_TRUE(run_in(fenced, fence(Ordering::Serializing)).ends_path);
    fenced = shadow;
    InstructionProfile lfence = fence(Ordering::Loads);
    lfence.stops_transience = true;
    EXPECT_TRUE(run_in(fenced, lfence).ends_path);
    fenced = shadow;
    EXPECT_FALSE(run_in(fenced, fence(Ordering::Memory)).begins);
    EXPECT_FALSE(run_in(fenced, load(rax), {at(0x1000)}).begins);
    EXPECT_TRUE(run_in(fenced, add()).begins);
}

TEST_F(TransientTest, AWrongPathLastsUntilItsBranchIsExecuted) {
    memory.data[0x1000] = {.cache = 100};
    const u64 start = rip;
    const Timing slow = run(load(rax), {at(0x1000)});
    Timing executed;
    run_branch(branch(BranchKind::Conditional, start + 0x1000, {rax}), start + 0x1000, &executed);
    ASSERT_TRUE(wrong_path.has_value());
    EXPECT_EQ(executed.issued, slow.completed);
    EXPECT_EQ(wrong_path->squash_at, executed.completed);
    Stream shadow = core().fork(*wrong_path);
    const Timing inside = run_in(shadow, load(rbx), {at(0x2000)}, wrong_path->rip);
    EXPECT_TRUE(inside.begins);
    EXPECT_LT(inside.issued, slow.completed);
}

TEST_F(TransientTest, BranchesOfASquashedPathFollowTheirOutcomeOnceExecuted) {
    Stream shadow = window(200);
    const InstructionProfile jump = branch(BranchKind::Conditional, 0x50'0000);
    const u64 from = 0x40'0000;
    const Timing executed = run_in(shadow, jump, {}, from);
    EXPECT_EQ(executed.predicted_next, from + 4);
    const Stream before = shadow;
    EXPECT_EQ(core().resolve_transient(shadow, jump, from, executed, 0x50'0000), 0x50'0000U);
    EXPECT_EQ(run_in(shadow, add(), {}, 0x50'0000).issued,
              executed.issued + knobs().mispredict_penalty);
    shadow = before;
    shadow.squash_at = executed.completed;
    EXPECT_EQ(core().resolve_transient(shadow, jump, from, executed, 0x50'0000), from + 4);
    EXPECT_EQ(core().mispredictions(), 0U);
}

TEST_F(TransientTest, AWrongPathIsPredictedWithTheHistoryThatItBelievesIn) {
    const u64 first = 0x40'0000;
    const u64 second = 0x40'0100;
    const InstructionProfile decides = branch(BranchKind::Conditional, second);
    const InstructionProfile follows = branch(BranchKind::Conditional, 0x50'0000);
    const auto go = [this](const InstructionProfile& profile, u64 from, u64 to) {
        rip = from;
        return run_branch(profile, to);
    };
    // The second branch does what the first did, which is taken nine times of ten.
    for (int i = 0; i < 2000; ++i) {
        const bool taken = i % 10 != 9;
        go(decides, first, taken ? second : first + 4);
        go(follows, second, taken ? 0x50'0000 : second + 4);
    }
    while (!go(decides, first, first + 4)) {
        go(follows, second, second + 4);
    }
    ASSERT_TRUE(wrong_path.has_value());
    ASSERT_EQ(wrong_path->rip, second);
    Stream shadow = core().fork(*wrong_path);
    EXPECT_EQ(run_in(shadow, follows, {}, second).predicted_next, 0x50'0000U);
    // The main path, where the first was not taken, expects the second not to be.
    rip = second;
    EXPECT_EQ(run(follows).predicted_next, second + 4);
}

TEST_F(TransientTest, CallsAndReturnsOfASquashedPathLeaveTheReturnStackAlone) {
    const u64 after_call = rip + 4;
    run_branch(branch(BranchKind::Call, rip + 0x1000), rip + 0x1000);
    Stream shadow = core().fork(core().now() + 500);
    for (int i = 0; i < 20; ++i) {
        run_in(shadow, branch(BranchKind::Call, 0x70'0000), {}, 0x60'0000);
    }
    core().redirect(shadow.squash_at);
    EXPECT_FALSE(run_branch(branch(BranchKind::Return), after_call));
}

TEST_F(TransientTest, AUnitThatIsNotPipelinedFinishesWhatASquashedPathBegan) {
    cost(Event::Exception) = 5;
    Stream shadow = window(20);
    const Timing squashed = run_in(shadow, operation(ExecutionClass::Divide64));
    ASSERT_TRUE(squashed.begins);
    core().deliver(Event::Exception, squashed.issued + 1, place, {});
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued,
              squashed.issued + unit(ExecutionClass::Divide64).occupancy);
}

/// The main path's further cycles are the same whether the shadow ran or not.
TEST_F(TransientTest, ASquashedPathLeavesTheMainPathsTimesAlone) {
    for (u32 seed = 1; seed <= 20; ++seed) {
        std::vector<std::vector<Cycle>> runs;
        for (const bool with_shadow : {false, true}) {
            Parameters own = wide_parameters();
            FakeMemory fake{own.hierarchy};
            Core core{own, fake};
            std::mt19937 random{seed};
            std::vector<Cycle> cycles;
            const auto any = [&random] {
                switch (random() % 4) {
                    case 0:
                        return operation(ExecutionClass::Divide64, {rax}, {rbx});
                    case 1:
                        return operation(ExecutionClass::Multiply, {rbx}, {rax});
                    default:
                        return add({rcx}, {rcx});
                }
            };
            for (u64 i = 0; i < 50; ++i) {
                core.step(any(), {.rip = rip + 4 * i, .place = place, .accesses = {}});
            }
            const Cycle squash = core.now() + 60;
            if (with_shadow) {
                const u64 digest = core.digest();
                std::mt19937 other{seed + 1000};
                Stream shadow = core.fork(squash);
                const DataAccess somewhere[] = {to(0x1000)};
                for (u64 i = 0; i < 400; ++i) {
                    const bool stores = other() % 5 == 0;
                    core.step_transient(
                        shadow, stores ? store({rax}) : operation(ExecutionClass::Multiply, {rbx}),
                        {.rip = rip + 200 + 4 * i,
                         .place = place,
                         .accesses = stores ? std::span<const DataAccess>(somewhere)
                                            : std::span<const DataAccess>()});
                }
                EXPECT_EQ(core.digest(), digest);
            }
            core.deliver(Event::Exception, squash, place, {});
            for (u64 i = 0; i < 200; ++i) {
                const Timing timing =
                    core.step(any(), {.rip = rip + 4 * i, .place = place, .accesses = {}});
                cycles.push_back(timing.issued);
                cycles.push_back(timing.retired);
            }
            runs.push_back(cycles);
        }
        EXPECT_EQ(runs[0], runs[1]) << seed;
    }
}

}  // namespace
}  // namespace ringfence::sim::timing
