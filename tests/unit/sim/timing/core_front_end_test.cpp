// SPDX-License-Identifier: MIT
// Fetch, decode and the prediction of branches, by when instructions come out of them.
#include "tests/unit/sim/timing/core_fixture.h"

namespace ringfence::sim::timing {
namespace {

using observe::Cause;

TEST_F(CoreTest, FetchIsLimitedByItsBytes) {
    knobs().fetch_bytes = 16;
    InstructionProfile wide = nop();
    wide.length = 8;
    const Cycle first = run(wide).dispatched;
    run(wide);
    EXPECT_EQ(run(wide).dispatched, first + 1);
    for (int i = 0; i < 20; ++i) {
        run(wide);
    }
    EXPECT_EQ(run(wide).dispatched, first + 11);
    EXPECT_GT(charged(Cause::FrontEnd), 9U);
}

TEST_F(CoreTest, DecodeIsLimitedByItsWidth) {
    knobs().decode_width = 3;
    const Cycle first = run(nop()).dispatched;
    for (int i = 1; i < 30; ++i) {
        run(nop());
    }
    EXPECT_EQ(run(nop()).dispatched, first + 10);
}

TEST_F(CoreTest, StraightCodeThatHitsNeverWaitsForALine) {
    knobs().decode_width = 4;
    const Cycle first = run(nop()).dispatched;
    constexpr Cycle lines = 16;
    for (u32 i = 1; i < lines * 16; ++i) {
        run(nop());
    }
    EXPECT_EQ(run(nop()).dispatched, first + lines * 16 / 4);
    EXPECT_EQ(memory.fetches.size(), lines + 1);
}

TEST_F(CoreTest, TheNextLineIsAskedForWhenTheOneBeforeItComesIntoUse) {
    knobs().decode_width = 4;
    constexpr Cycle miss = 100;
    constexpr Cycle line = 16 / 4;  // cycles for which a line of four-byte instructions lasts
    memory.code[rip + 64] = {.cache = miss};
    Cycle last = 0;
    for (u32 i = 0; i < 16; ++i) {
        last = run(nop()).dispatched;
    }
    EXPECT_EQ(run(nop()).dispatched, last + 1 + miss - line);
}

TEST_F(CoreTest, InstructionMissesAreChargedToWhatMissed) {
    memory.code[rip + 64] = {.translation = 30, .cache = 100};
    knobs().decode_width = 1;
    for (u32 i = 0; i < 16; ++i) {
        run(nop());
    }
    const u64 before = charged(Cause::FrontEnd);
    const Cycle waited = run(nop()).retired;
    EXPECT_GT(waited, 100U);
    EXPECT_EQ(charged(Cause::InstructionTlb), 30U);
    // 16 cycles of the miss passed while the line before it was used; the last is the decoder's.
    EXPECT_EQ(charged(Cause::FrontEnd) - before, 100U - 16U + 1U);
}

TEST_F(CoreTest, AnInstructionAcrossLinesNeedsBoth) {
    rip += 62;
    memory.code[rip + 2] = {.cache = 100};
    EXPECT_GE(run(nop()).dispatched, 100U);
    ASSERT_EQ(memory.fetches.size(), 2U);
    EXPECT_EQ(memory.fetches[0].bytes, 2U);
    EXPECT_EQ(memory.fetches[1].bytes, 64U);
}

TEST_F(CoreTest, ATakenBranchEndsTheGroupOfFetch) {
    const InstructionProfile jump = branch(BranchKind::Jump, rip);
    run_branch(jump, rip);
    Timing before;
    run_branch(jump, rip, &before);
    EXPECT_EQ(run(nop()).dispatched, before.dispatched + 1);
}

TEST_F(CoreTest, ATargetThatIsNotInTheBufferIsFoundByTheDecoder) {
    const InstructionProfile jump = branch(BranchKind::Jump, rip + 256);
    const u64 start = rip;
    Timing first;
    EXPECT_FALSE(run_branch(jump, start + 256, &first));
    EXPECT_GT(run(nop()).dispatched, first.dispatched + 1);
    run_branch(branch(BranchKind::Jump, start), start);
    Timing second;
    run_branch(jump, start + 256, &second);
    EXPECT_EQ(run(nop()).dispatched, second.dispatched + 1);
}

TEST_F(CoreTest, TheBufferOfTargetsHasItsEntriesAndWays) {
    // Jumps in a circle, far apart; of how many fetch learns the target too late.
    const auto late_targets = [this](u32 entries, u32 ways) {
        Parameters own = wide_parameters();
        own.core.branch_target_entries = entries;
        own.core.branch_target_ways = ways;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        u32 late = 0;
        constexpr u64 jumps = 8;
        Cycle expected = 0;
        for (u64 i = 0; i < 10 * jumps; ++i) {
            const u64 from = rip + i % jumps * 4096;
            const u64 to = rip + (i + 1) % jumps * 4096;
            const InstructionProfile jump = branch(BranchKind::Jump, to);
            const Timing timing = core.step(jump, {.rip = from, .place = place, .accesses = {}});
            core.resolve(jump, from, to);
            late += timing.fetched > expected ? 1 : 0;
            expected = timing.fetched + 1;
        }
        return late;
    };
    EXPECT_EQ(late_targets(8, 8), 8U);   // the first time round only
    EXPECT_EQ(late_targets(4, 4), 79U);  // always, but for the very first, which follows nothing
    EXPECT_GT(late_targets(8, 1), 16U);  // some share a set
    EXPECT_EQ(late_targets(4096, 4), 8U);
    // Wherever they lie: of half as many jumps as entries some share one, but hardly three a set.
    const auto late_anywhere = [&](u32 ways) {
        u32 late = 0;
        for (rip = 0x40'0000; rip < 0x48'0000; rip += 0x4321) {
            late += late_targets(16, ways);
        }
        return late;
    };
    EXPECT_GT(late_anywhere(1), late_anywhere(2));
    EXPECT_EQ(late_anywhere(2), late_anywhere(16)) << "the first time round only";
}

TEST_F(CoreTest, AMispredictedBranchCostsThePenalty) {
    for (const Cycle penalty : {Cycle{10}, Cycle{17}, Cycle{23}}) {
        Parameters own = wide_parameters();
        own.core.mispredict_penalty = penalty;
        own.core.execution[static_cast<unsigned>(ExecutionClass::Branch)].latency = 2;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        const InstructionProfile jump = branch(BranchKind::Conditional, rip + 256);
        const Timing executed = core.step(jump, {.rip = rip, .place = place, .accesses = {}});
        const u64 right = executed.predicted_next == rip + 256 ? rip + 4 : rip + 256;
        ASSERT_TRUE(core.resolve(jump, rip, right).has_value());
        const Timing next = core.step(add(), {.rip = right, .place = place, .accesses = {}});
        EXPECT_EQ(next.issued, executed.issued + penalty);
        EXPECT_GE(core.stack().at(place, Cause::Mispredict), penalty - 3);
        EXPECT_LE(core.stack().at(place, Cause::Mispredict), penalty);
    }
}

TEST_F(CoreTest, APredictedBranchCostsNothing) {
    const u64 start = rip;
    const InstructionProfile jump = branch(BranchKind::Conditional, start);
    for (int i = 0; i < 8; ++i) {
        run_branch(jump, start);
    }
    const Cycle before = core().now();
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(run_branch(jump, start));
    }
    EXPECT_EQ(core().now() - before, 100U);  // one group of fetch each
}

TEST_F(CoreTest, TheWrongPathIsWhereFetchWent) {
    const u64 start = rip;
    const InstructionProfile jump = branch(BranchKind::Conditional, start + 256);
    Timing executed;
    ASSERT_TRUE(run_branch(jump, start + 256, &executed));
    ASSERT_TRUE(wrong_path.has_value());
    EXPECT_EQ(wrong_path->rip, start + 4);
    EXPECT_EQ(wrong_path->squash_at, executed.completed);
    EXPECT_EQ(wrong_path->fetch_from, executed.fetched);
}

TEST_F(CoreTest, HistoryTellsAlternatingBranchesApart) {
    const auto mispredictions = [this](u32 history_bits) {
        Parameters own = wide_parameters();
        own.core.branch_history_bits = history_bits;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        const InstructionProfile jump = branch(BranchKind::Conditional, rip + 256);
        for (int i = 0; i < 400; ++i) {
            core.step(jump, {.rip = rip, .place = place, .accesses = {}});
            core.resolve(jump, rip, i % 2 == 0 ? rip + 256 : rip + 4);
        }
        return core.mispredictions();
    };
    EXPECT_LT(mispredictions(8), 20U);
    EXPECT_GT(mispredictions(0), 100U);
}

TEST_F(CoreTest, MoreCountersKeepMoreBranchesApart) {
    const auto mispredictions = [this](u32 counters) {
        Parameters own = wide_parameters();
        own.core.branch_counters = counters;
        own.core.branch_history_bits = 0;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        for (u64 i = 0; i < 1000; ++i) {
            // Two branches of opposite habits, which share counters if there are few.
            const u64 from = rip + i % 2 * 64;
            const InstructionProfile jump = branch(BranchKind::Conditional, from + 256);
            core.step(jump, {.rip = from, .place = place, .accesses = {}});
            core.resolve(jump, from, i % 2 == 0 ? from + 256 : from + 4);
        }
        return core.mispredictions();
    };
    EXPECT_LT(mispredictions(1024), 10U);
    EXPECT_GT(mispredictions(16), 100U);
}

TEST_F(CoreTest, ReturnsArePredictedToTheStacksDepth) {
    for (const u32 depth : {4U, 16U}) {
        Parameters own = wide_parameters();
        own.core.return_stack = depth;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        constexpr u64 calls = 20;
        const u64 function = rip + 0x1000;
        const auto run_to = [&](const InstructionProfile& profile, u64 from, u64 to) {
            core.step(profile, {.rip = from, .place = place, .accesses = {}});
            core.resolve(profile, from, to);
        };
        for (u64 i = 0; i < calls; ++i) {
            run_to(branch(BranchKind::Call, function + 64 * i), function + 64 * i - 64,
                   function + 64 * i);
        }
        EXPECT_EQ(core.mispredictions(), 0U);
        for (u64 i = calls; i > 0; --i) {
            run_to(branch(BranchKind::Return), function + 64 * i, function + 64 * (i - 1) - 60);
        }
        EXPECT_EQ(core.mispredictions(), calls - depth);
    }
}

TEST_F(CoreTest, IndirectTargetsAreToldApartByHistory) {
    const auto mispredictions = [this](u32 entries) {
        Parameters own = wide_parameters();
        own.core.indirect_entries = entries;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        const InstructionProfile jump = branch(BranchKind::IndirectJump);
        for (u64 i = 0; i < 300; ++i) {
            core.step(jump, {.rip = rip, .place = place, .accesses = {}});
            core.resolve(jump, rip, rip + 0x1000 + i % 3 * 0x110);
        }
        return core.mispredictions();
    };
    EXPECT_LT(mispredictions(256), 40U);
    EXPECT_GT(mispredictions(0), 200U);
}

TEST_F(CoreTest, FetchWaitsForAnIndirectBranchThatItKnowsNothingOf) {
    Timing executed;
    EXPECT_TRUE(run_branch(branch(BranchKind::IndirectJump), rip + 0x1000, &executed));
    EXPECT_EQ(executed.predicted_next, 0U);
    EXPECT_FALSE(wrong_path.has_value());
    EXPECT_EQ(run(add()).issued, executed.issued + knobs().mispredict_penalty);
}

TEST_F(CoreTest, FetchStallsWithDispatch) {
    memory.data[0x1000] = {.cache = 1000};
    run(load(rax), {at(0x1000)});
    for (u32 i = 0; i < knobs().reorder_buffer; ++i) {
        run(nop());
    }
    const Timing held = run(nop());
    EXPECT_EQ(held.fetched, held.dispatched - (knobs().mispredict_penalty - 2));
}

}  // namespace
}  // namespace ringfence::sim::timing
