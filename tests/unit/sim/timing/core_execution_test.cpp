// SPDX-License-Identifier: MIT
// Dispatch, execution, queues and retirement, each figure by what it limits.
#include "tests/unit/sim/timing/core_fixture.h"

namespace ringfence::sim::timing {
namespace {

TEST_F(CoreTest, AChainTakesItsLatencies) {
    for (const ExecutionClass kind :
         {ExecutionClass::Integer, ExecutionClass::Multiply, ExecutionClass::FloatAdd}) {
        unit(ExecutionClass::FloatAdd).latency = 4;
        const Cycle first = run(operation(kind, {rax}, {rax})).completed;
        Cycle last = first;
        constexpr Cycle more = 50;
        for (Cycle i = 0; i < more; ++i) {
            last = run(operation(kind, {rax}, {rax})).completed;
        }
        EXPECT_EQ(last - first, more * unit(kind).latency);
    }
}

TEST_F(CoreTest, IndependentOperationsAreLimitedByDispatchWidth) {
    for (const u32 width : {1U, 2U, 4U}) {
        parameters = wide_parameters();
        knobs().dispatch_width = width;
        FakeMemory own{parameters.hierarchy};
        Core narrow{parameters, own};
        Cycle first = 0;
        Cycle last = 0;
        constexpr u32 more = 64;
        for (u32 i = 0; i <= more; ++i) {
            last = narrow.step(add(), {.rip = rip + u64{4} * i, .place = place, .accesses = {}})
                       .issued;
            first = i == 0 ? last : first;
        }
        EXPECT_EQ(last - first, more / width) << width;
    }
}

TEST_F(CoreTest, OperationsOfOnePortGoOneByOne) {
    unit(ExecutionClass::Multiply).ports = 0b10;
    const Cycle first = run(operation(ExecutionClass::Multiply)).issued;
    Cycle last = first;
    for (int i = 0; i < 20; ++i) {
        last = run(operation(ExecutionClass::Multiply)).issued;
    }
    EXPECT_EQ(last - first, 20U);
}

TEST_F(CoreTest, OperationsOfTwoPortsGoTwoByTwo) {
    unit(ExecutionClass::Multiply).ports = 0b11;
    const Cycle first = run(operation(ExecutionClass::Multiply)).issued;
    Cycle last = first;
    for (int i = 0; i < 20; ++i) {
        last = run(operation(ExecutionClass::Multiply)).issued;
    }
    EXPECT_EQ(last - first, 10U);
}

TEST_F(CoreTest, APortThatOthersNeedIsTakenOnlyIfNoOtherIsFree) {
    // Additions could go to the multiplier's port, wherever that is.
    for (const Ports port : {Ports{0b001}, Ports{0b010}, Ports{0b100}}) {
        Parameters own = wide_parameters();
        for (ExecutionParameters& execution : own.core.execution) {
            execution.ports = port;
        }
        own.core.execution[static_cast<unsigned>(ExecutionClass::Integer)].ports = 0b111;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        const Step step{.rip = rip, .place = place, .accesses = {}};
        const Cycle addition = core.step(add(), step).issued;
        EXPECT_EQ(core.step(add(), step).issued, addition);
        EXPECT_EQ(core.step(operation(ExecutionClass::Multiply), step).issued, addition);
        EXPECT_EQ(core.step(add(), step).issued, addition + 1);
    }
}

TEST_F(CoreTest, AUnitThatIsNotPipelinedTakesOneInItsOccupancy) {
    const Cycle occupancy = unit(ExecutionClass::Divide64).occupancy;
    unit(ExecutionClass::Shift).ports = unit(ExecutionClass::Divide64).ports;
    const Cycle first = run(operation(ExecutionClass::Divide64)).issued;
    run(operation(ExecutionClass::Divide64));
    const Cycle third = run(operation(ExecutionClass::Divide64)).issued;
    EXPECT_EQ(third - first, 2 * occupancy);
    // The port is free for others meanwhile.
    EXPECT_EQ(run(operation(ExecutionClass::Shift)).issued, first + 1);
}

TEST_F(CoreTest, AUnitServesOneAfterAnotherHoweverManyWait) {
    const ExecutionParameters divider = unit(ExecutionClass::Divide64);
    const Cycle first = run(operation(ExecutionClass::Divide64)).issued;
    const u64 waiting = knobs().reorder_buffer / divider.micro_operations - 1;
    for (u64 i = 1; i <= waiting; ++i) {
        EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued, first + i * divider.occupancy);
    }
}

TEST_F(CoreTest, AUnitOnTwoPortsTakesTwoInItsOccupancy) {
    ExecutionParameters& divider = unit(ExecutionClass::Divide64);
    divider.ports = 0b11;
    const Cycle first = run(operation(ExecutionClass::Divide64)).issued;
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued, first);
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued, first + divider.occupancy);
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued, first + divider.occupancy);
}

TEST_F(CoreTest, AGapBeforeWaitingOperationsOfAUnitIsTakenIfItIsLongEnough) {
    const Cycle occupancy = unit(ExecutionClass::Divide64).occupancy;
    unit(ExecutionClass::Multiply).latency = occupancy - 1;
    run(operation(ExecutionClass::Multiply, {}, {rax}));
    const Cycle late = run(operation(ExecutionClass::Divide64, {rax})).issued;
    // It could begin at once, but would not be done in time.
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).issued, late + occupancy);
    start_anew();
    unit(ExecutionClass::Multiply).latency = 2 * occupancy;
    run(operation(ExecutionClass::Multiply, {}, {rax}));
    run(operation(ExecutionClass::Divide64, {rax}));
    const Timing early = run(operation(ExecutionClass::Divide64));
    EXPECT_EQ(early.issued, early.dispatched + 1);
}

TEST_F(CoreTest, AYoungerOperationThatIsReadyEarlierTakesAnEarlierCycle) {
    unit(ExecutionClass::Multiply).latency = 30;
    run(operation(ExecutionClass::Multiply, {rax}, {rax}));
    const Timing late = run(operation(ExecutionClass::Multiply, {rax}, {rax}));
    const Timing early = run(operation(ExecutionClass::Multiply));
    EXPECT_LT(early.issued, late.issued);
}

TEST_F(CoreTest, AnEliminatedMoveCostsNoLatency) {
    InstructionProfile move = add({rax}, {rbx});
    move.eliminated = true;
    const Timing source = run(operation(ExecutionClass::Multiply, {rax}, {rax}));
    run(move);
    EXPECT_EQ(run(add({rbx}, {rbx})).issued, source.completed);
}

TEST_F(CoreTest, ClassesOfMoreMicroOperationsTakeMoreSlots) {
    knobs().dispatch_width = 1;
    const u32 slots = unit(ExecutionClass::Divide64).micro_operations;
    const Cycle before = run(nop()).dispatched;
    EXPECT_EQ(run(operation(ExecutionClass::Divide64)).dispatched, before + slots);
    InstructionProfile three = nop();
    three.micro_operations = 3;
    EXPECT_EQ(run(three).dispatched, before + slots + 3);
}

TEST_F(CoreTest, TheReorderBufferHoldsTheYoungerWhileALoadMisses) {
    constexpr Cycle miss = 1000;
    memory.data[0x1000] = {.cache = miss};
    const Timing load_timing = run(load(rax), {at(0x1000)});
    for (u32 i = 1; i < knobs().reorder_buffer; ++i) {
        EXPECT_LT(run(nop()).dispatched, load_timing.completed);
    }
    EXPECT_EQ(run(nop()).dispatched, load_timing.retired + 1);
}

TEST_F(CoreTest, TheSchedulerHoldsTheYoungerWhileItIsFullOfWaiting) {
    constexpr Cycle miss = 2000;  // beyond the window that is counted by cycle
    memory.data[0x1000] = {.cache = miss};
    const Timing load_timing = run(load(rax), {at(0x1000)});
    Cycle last = 0;
    for (u32 i = 0; i < knobs().scheduler; ++i) {
        const Timing waits = run(add({rax}, {rbx}));
        EXPECT_LT(waits.dispatched, load_timing.completed);
        last = last == 0 ? waits.issued : last;
    }
    EXPECT_EQ(run(add()).dispatched, last + 1);
    EXPECT_EQ(last, load_timing.completed);
}

TEST_F(CoreTest, WhatNeedsNoUnitNeedsNoSchedulerEntry) {
    memory.data[0x1000] = {.cache = 1000};
    const Timing load_timing = run(load(rax), {at(0x1000)});
    for (u32 i = 0; i < knobs().scheduler; ++i) {
        run(add({rax}, {rbx}));
    }
    EXPECT_LT(run(nop()).dispatched, load_timing.completed);
    InstructionProfile move = add({rax}, {rcx});
    move.eliminated = true;
    EXPECT_LT(run(move).dispatched, load_timing.completed);
    EXPECT_GT(run(add()).dispatched, load_timing.completed);
}

TEST_F(CoreTest, TheLoadQueueHoldsLoadsUntilTheyRetire) {
    memory.data[0x1000] = {.cache = 1000};
    const Timing first = run(load(rax), {at(0x1000)});
    for (u32 i = 1; i < knobs().load_queue; ++i) {
        EXPECT_LT(run(load(rbx), {at(0x2000)}).dispatched, first.completed);
    }
    EXPECT_EQ(run(load(rbx), {at(0x2000)}).dispatched, first.retired + 1);
}

TEST_F(CoreTest, TheStoreQueueHoldsStoresUntilTheyAreWritten) {
    constexpr Cycle miss = 1000;
    memory.data[0x1000] = {.cache = miss};
    const Timing first = run(store(), {to(0x1000)});
    EXPECT_LT(first.retired, miss);
    const Cycle written = first.retired + miss;
    for (u32 i = 1; i < knobs().store_queue; ++i) {
        EXPECT_LT(run(store(), {to(0x2000)}).dispatched, written);
    }
    EXPECT_EQ(run(store(), {to(0x2000)}).dispatched, written + 1);
    EXPECT_GT(charged(observe::Cause::DataCache), miss / 2);
}

TEST_F(CoreTest, StoresAreWrittenInOrderOnePerCycle) {
    memory.data[0x1000] = {.cache = 500};
    const Timing first = run(store(), {to(0x1000)});
    for (u32 i = 1; i < knobs().store_queue; ++i) {
        run(store(), {to(0x2000)});
    }
    run(store(), {to(0x2000)});
    // The second store left the queue a cycle after the first.
    EXPECT_EQ(run(store(), {to(0x2000)}).dispatched, first.retired + 500 + 2);
}

TEST_F(CoreTest, RetirementIsInOrderAndOfItsWidth) {
    knobs().retire_width = 3;
    memory.data[0x1000] = {.cache = 1000};
    const Timing first = run(load(rax), {at(0x1000)});
    constexpr u32 more = 99;
    Cycle last = 0;
    for (u32 i = 0; i < more; ++i) {
        const Timing timing = run(nop());
        EXPECT_GE(timing.retired, first.completed);
        last = timing.retired;
    }
    EXPECT_EQ(last, first.retired + more / knobs().retire_width);
}

TEST_F(CoreTest, ManyMicroOperationsRetireByTheirLastCompletion) {
    const Timing microcode = run(operation(ExecutionClass::Microcode));
    EXPECT_EQ(microcode.retired, microcode.completed);
    // One after another they are limited by the slots that they take.
    const Cycle slots = unit(ExecutionClass::Microcode).micro_operations;
    constexpr unsigned many = 16;
    Cycle last = 0;
    for (unsigned i = 0; i < many; ++i) {
        last = run(operation(ExecutionClass::Microcode)).retired;
    }
    EXPECT_EQ(last - microcode.retired, many * slots / knobs().retire_width);
}

TEST_F(CoreTest, MicroOperationsThatHaveRetiredMakeRoomBeforeTheirInstructionIsDone) {
    const Cycle slots = unit(ExecutionClass::Microcode).micro_operations;
    knobs().reorder_buffer = static_cast<u32>(slots + slots / 2);
    run(operation(ExecutionClass::Microcode));
    const Timing first = run(operation(ExecutionClass::Microcode, {}, {rax}));
    // The second half waits for the first one's first half to leave, which is that much earlier.
    const Timing second = run(operation(ExecutionClass::Microcode, {rax}, {rax}));
    EXPECT_EQ(second.dispatched, first.retired - slots / 2 / knobs().retire_width + 1);
    EXPECT_EQ(second.completed - first.completed, unit(ExecutionClass::Microcode).latency);
}

TEST_F(CoreTest, ALoadTakesWhatTheMemorySays) {
    const Cycle hit = parameters.hierarchy.l1d.latency;
    memory.data[0x1000] = {.translation = 20, .cache = 100};
    const Timing miss = run(load(rax), {at(0x1000)});
    EXPECT_EQ(miss.completed, miss.issued + hit + 20 + 100);
    const Timing dependent = run(load(rbx, {rax}), {at(0x2000)});
    EXPECT_EQ(dependent.issued, miss.completed);
    EXPECT_EQ(dependent.completed, miss.completed + hit);
}

TEST_F(CoreTest, LoadsAndStoresAreLimitedByTheirPorts) {
    knobs().load_ports = 0b100;
    knobs().store_address_ports = 0b1000;
    knobs().store_data_ports = 0b1'0000;
    const Cycle first = run(load(rax), {at(0x1000)}).issued;
    run(load(rax), {at(0x1000)});
    EXPECT_EQ(run(load(rax), {at(0x1000)}).issued, first + 2);
    const Cycle stored = run(store(), {to(0x1000)}).completed;
    run(store(), {to(0x1000)});
    EXPECT_EQ(run(store(), {to(0x1000)}).completed, stored + 2);
    EXPECT_EQ(memory.accesses.back().at, memory.accesses[3].at + 2);
}

TEST_F(CoreTest, StoreAddressPortsAndDataPortsAreSeparateLimits) {
    const auto cycles_of_four = [this](Ports address, Ports data) {
        Parameters own = wide_parameters();
        own.core.store_address_ports = address;
        own.core.store_data_ports = data;
        FakeMemory fake{own.hierarchy};
        Core core{own, fake};
        const DataAccess accesses[] = {to(0x1000)};
        const Step step{.rip = rip, .place = place, .accesses = accesses};
        const Cycle first = core.step(store(), step).completed;
        core.step(store(), step);
        core.step(store(), step);
        return core.step(store(), step).completed - first;
    };
    EXPECT_EQ(cycles_of_four(0b1000, 0b11'0000), 3U);
    EXPECT_EQ(cycles_of_four(0b1100, 0b01'0000), 3U);
    EXPECT_EQ(cycles_of_four(0b1100, 0b11'0000), 1U);
}

TEST_F(CoreTest, AnOperationOnMemoryLoadsFirst) {
    const Timing timing = run(add({rax}, {rax}), {at(0x1000)});
    const Cycle sent = memory.accesses.back().at;
    EXPECT_EQ(timing.issued, sent + parameters.hierarchy.l1d.latency);
    EXPECT_EQ(timing.completed, timing.issued + unit(ExecutionClass::Integer).latency);
}

TEST_F(CoreTest, AReadModifyWriteIsTranslatedOnceAndStoresItsResult) {
    const Timing timing = run(add({rax}, {reg::flags}), {at(0x1000, AccessIntent::LoadStore)});
    ASSERT_EQ(memory.accesses.size(), 1U);
    ASSERT_EQ(memory.commits.size(), 1U);
    EXPECT_EQ(memory.commits[0].at, timing.retired);
    // Its data are there when the sum is.
    const Cycle sum = timing.issued + unit(ExecutionClass::Integer).latency;
    EXPECT_EQ(timing.completed, sum + 1);
    EXPECT_EQ(run(load(rbx), {at(0x1000)}).completed, sum + knobs().store_forward_latency);
}

TEST_F(CoreTest, AStoreForwardsToALoadThatItHoldsAllOf) {
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    run(store({rax}), {to(0x1000, 8)});
    const Timing inside = run(load(rbx), {at(0x1004, AccessIntent::Load, 4)});
    EXPECT_EQ(inside.completed, slow.completed + knobs().store_forward_latency);
    const Timing beside = run(load(rbx), {at(0x1008)});
    EXPECT_LT(beside.completed, slow.completed);
}

TEST_F(CoreTest, TheNewestStoreForwards) {
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    run(store({rax}), {to(0x1000)});
    run(store(), {to(0x1000)});
    EXPECT_LT(run(load(rbx), {at(0x1000)}).completed, slow.completed);
}

TEST_F(CoreTest, AStoreThatHoldsAPartIsWaitedForUntilItIsWritten) {
    memory.data[0x1000] = {.cache = 300};
    const Timing stored = run(store(), {to(0x1000, 4)});
    const Timing wider = run(load(rbx), {at(0x1000)});
    EXPECT_EQ(wider.completed, stored.retired + 300 + parameters.hierarchy.l1d.latency);
}

TEST_F(CoreTest, AStoreAcrossGranulesIsFoundAtBothEnds) {
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    run(store({rax}), {to(0x1fc0, 64)});
    EXPECT_GT(run(load(rbx), {at(0x1fc0)}).completed, slow.completed);
    EXPECT_GT(run(load(rbx), {at(0x1ff8)}).completed, slow.completed);
    EXPECT_LT(run(load(rbx), {at(0x2000)}).completed, slow.completed);
}

TEST_F(CoreTest, MoreAccessesThanAQueueHasEntriesGoThroughIt) {
    std::vector<DataAccess> copy;
    for (u64 i = 0; i < 100; ++i) {
        copy.push_back(at(0x10000 + 64 * i, AccessIntent::Load, 64));
        copy.push_back(to(0x20000 + 64 * i, 64));
    }
    const Timing timing = core().step(operation(ExecutionClass::Microcode),
                                      {.rip = rip, .place = place, .accesses = copy});
    EXPECT_EQ(memory.commits.size(), 100U);
    EXPECT_LT(timing.retired, 1000U);
    EXPECT_LT(run(store(), {to(0x1000)}).dispatched, 1000U);
}

TEST_F(CoreTest, APrefetchWaitsForItsTranslationAndNotForItsLine) {
    memory.data[0x1000] = {.translation = 50, .cache = 500};
    const Timing timing = run(nop(), {at(0x1000, AccessIntent::PrefetchT0)});
    EXPECT_EQ(timing.completed, memory.accesses.back().at + 1 + 50);
}

TEST_F(CoreTest, AStoreThatFaultsIsNotWritten) {
    memory.data[0x1000] = {.blocked = true};
    run(store(), {to(0x1000)});
    EXPECT_TRUE(memory.commits.empty());
}

TEST_F(CoreTest, EachPlaceIsChargedItsOwn) {
    run(add({rax}, {rax}));
    const Cycle before = core().now();
    place = observe::Place::Kernel;
    run(operation(ExecutionClass::Divide64, {rax}, {rax}));
    EXPECT_EQ(charged(observe::Cause::Base), core().now() - before);
}

TEST_F(CoreTest, TheWidthOfDispatchIsNotTheFrontEndsFault) {
    knobs().decode_width = 2;
    knobs().dispatch_width = 2;
    for (int i = 0; i < 100; ++i) {
        run(add());
    }
    const Cycle first_fill = knobs().mispredict_penalty - unit(ExecutionClass::Branch).latency;
    EXPECT_EQ(charged(observe::Cause::FrontEnd), first_fill);
    EXPECT_EQ(charged(observe::Cause::Base), 100U / knobs().dispatch_width);
}

TEST_F(CoreTest, MissesAreChargedToWhatMissed) {
    for (int i = 0; i < 8; ++i) {
        run(nop());
    }
    memory.data[0x1000] = {.translation = 20, .cache = 100};
    run(load(rax), {at(0x1000)});
    EXPECT_EQ(charged(observe::Cause::DataTlb), 20U);
    EXPECT_EQ(charged(observe::Cause::DataCache), 100U);
}

}  // namespace
}  // namespace ringfence::sim::timing
