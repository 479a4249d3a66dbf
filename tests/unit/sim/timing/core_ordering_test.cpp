// SPDX-License-Identifier: MIT
// Fences, serialising instructions, events with a cost of their own, and deliveries.
#include "tests/unit/sim/timing/core_fixture.h"

namespace ringfence::sim::timing {
namespace {

using observe::Cause;

TEST_F(CoreTest, LfenceWaitsForOlderAndHoldsYounger) {
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    const Timing before = run(add());
    EXPECT_LT(before.issued, slow.completed);
    const Timing lfence = run(fence(Ordering::Loads));
    EXPECT_EQ(lfence.issued, slow.completed);
    EXPECT_EQ(run(add()).issued, lfence.completed);
    EXPECT_EQ(run(load(rbx), {at(0x1000)}).issued, lfence.completed);
}

TEST_F(CoreTest, RdtscpWaitsForOlderAndHoldsNothing) {
    cost(Event::ReadTime) = 20;
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    const Timing read = run(event(Event::ReadTime, Ordering::After));
    EXPECT_EQ(read.issued, slow.completed);
    EXPECT_EQ(read.completed, slow.completed + 20);
    EXPECT_LT(run(add()).issued, slow.completed);
}

TEST_F(CoreTest, MfenceWaitsForOlderStoresAndHoldsYoungerLoads) {
    memory.data[0x1000] = {.cache = 300};
    const Timing stored = run(store(), {to(0x1000)});
    const Timing mfence = run(fence(Ordering::Memory));
    EXPECT_EQ(mfence.issued, stored.retired + 300);
    EXPECT_EQ(run(load(rbx), {at(0x2000)}).issued, mfence.completed);
    EXPECT_LT(run(add()).issued, mfence.issued);
}

TEST_F(CoreTest, SfenceHoldsNoLoads) {
    memory.data[0x1000] = {.cache = 300};
    const Timing stored = run(store(), {to(0x1000)});
    run(fence(Ordering::Stores));
    EXPECT_LT(run(load(rbx), {at(0x2000)}).issued, stored.retired + 300);
}

TEST_F(CoreTest, ALockedOperationIsWrittenBeforeYoungerLoads) {
    memory.data[0x1000] = {.cache = 300};
    InstructionProfile locked = add({rax}, {reg::flags});
    locked.ordering = Ordering::Memory;
    const Timing stored = run(store(), {to(0x1000)});
    const Timing first = run(locked, {at(0x2000, AccessIntent::LoadStore)});
    EXPECT_EQ(memory.accesses.back().at, stored.retired + 300);
    EXPECT_EQ(run(load(rbx), {at(0x3000)}).issued, first.retired + 1);
}

TEST_F(CoreTest, ASerialisingInstructionWaitsForRetirementAndFetchesAnew) {
    const Timing slow = run(operation(ExecutionClass::Divide64, {}, {rax}));
    const Timing serialising = run(fence(Ordering::Serializing));
    EXPECT_EQ(serialising.issued, slow.retired);
    // From the cycle after it through the front end.
    const Cycle refill = knobs().mispredict_penalty - unit(ExecutionClass::Branch).latency;
    const std::size_t fetches = memory.fetches.size();
    const Timing next = run(add());
    EXPECT_EQ(next.issued, serialising.issued + 1 + refill);
    EXPECT_EQ(memory.fetches.size(), fetches + 1);
}

TEST_F(CoreTest, ASerialisingInstructionWaitsForOlderStores) {
    memory.data[0x1000] = {.cache = 300};
    const Timing stored = run(store(), {to(0x1000)});
    EXPECT_EQ(run(fence(Ordering::Serializing)).issued, stored.retired + 300);
}

struct EventRow {
    Event event;
    Cause cause;
};

class EventTest : public CoreTest, public testing::WithParamInterface<EventRow> {};

TEST_P(EventTest, ASerialisingEventCostsItsCycles) {
    const auto [kind, cause] = GetParam();
    cost(kind) = 123;
    const Timing first = run(event(kind));
    EXPECT_EQ(first.completed, first.issued + 123);
    Timing last = first;
    for (int i = 0; i < 10; ++i) {
        last = run(event(kind));
    }
    // In a row they cost exactly what was published: the refill is a part of it.
    EXPECT_EQ(last.completed, first.completed + 10 * 123);
    EXPECT_EQ(charged(cause), 11U * 123U);
}

TEST_P(EventTest, DeliveryTakesTheEventsCycles) {
    const auto [kind, cause] = GetParam();
    cost(kind) = 456;
    const Timing faulting = run(add());
    const Cycle squash = core().fault_squash();
    EXPECT_EQ(squash, faulting.retired + knobs().exception_start);
    const u64 before = charged(cause);
    const Cycle end = core().deliver(kind, squash, place, {});
    EXPECT_EQ(end, squash + 456);
    EXPECT_EQ(core().now(), end);
    EXPECT_EQ(charged(cause) - before, 456 + knobs().exception_start);
    rip = 0x50'0000;
    EXPECT_EQ(run(add()).issued, end);
}

INSTANTIATE_TEST_SUITE_P(Each, EventTest,
                         testing::Values(EventRow{Event::Syscall, Cause::Transition},
                                         EventRow{Event::Sysret, Cause::Transition},
                                         EventRow{Event::Swapgs, Cause::Transition},
                                         EventRow{Event::RootWrite, Cause::RootWrite},
                                         EventRow{Event::Iret, Cause::Transition},
                                         EventRow{Event::PageFault, Cause::Transition},
                                         EventRow{Event::Exception, Cause::Transition},
                                         EventRow{Event::Interrupt, Cause::Transition},
                                         EventRow{Event::Invlpg, Cause::TlbMaintenance},
                                         EventRow{Event::InvpcidPage, Cause::TlbMaintenance},
                                         EventRow{Event::InvpcidAll, Cause::TlbMaintenance},
                                         EventRow{Event::ReadMsr, Cause::Serialization},
                                         EventRow{Event::WriteMsr, Cause::Serialization},
                                         EventRow{Event::ControlRegister, Cause::Serialization},
                                         EventRow{Event::Cpuid, Cause::Serialization},
                                         EventRow{Event::BufferClear, Cause::Serialization},
                                         EventRow{Event::PortIo, Cause::Serialization},
                                         EventRow{Event::ReadTime, Cause::Serialization},
                                         EventRow{Event::OtherSystem, Cause::Serialization},
                                         EventRow{Event::TransactionBegin, Cause::Serialization},
                                         EventRow{Event::TransactionEnd, Cause::Serialization},
                                         EventRow{Event::TransactionAbort, Cause::Serialization}));

TEST_F(CoreTest, AnEventThatDoesNotSerialiseOverlapsWithOthers) {
    cost(Event::Swapgs) = 25;
    const Timing swap = run(event(Event::Swapgs, Ordering::None));
    EXPECT_EQ(swap.completed, swap.issued + 25);
    EXPECT_EQ(run(add()).issued, swap.issued);
}

TEST_F(CoreTest, MissesOfAnEventsAccessesComeOnTop) {
    cost(Event::Iret) = 300;
    memory.data[0x1000] = {.translation = 20, .cache = 100};
    const Timing iret = run(event(Event::Iret), {at(0x1000), at(0x1040)});
    EXPECT_EQ(iret.completed, iret.issued + 300 + 120);
    EXPECT_EQ(charged(Cause::DataTlb), 20U);
    EXPECT_EQ(charged(Cause::DataCache), 100U);
}

TEST_F(CoreTest, MissesOfADeliverysAccessesComeOnTop) {
    cost(Event::PageFault) = 700;
    memory.data[0x1000] = {.translation = 20, .cache = 100};
    run(add());
    const DataAccess accesses[] = {at(0x1000), to(0x2000)};
    const Cycle from = core().now();
    EXPECT_EQ(core().deliver(Event::PageFault, from, place, accesses), from + 820);
    EXPECT_EQ(memory.commits.size(), 1U);
    EXPECT_EQ(charged(Cause::DataTlb), 20U);
    EXPECT_EQ(charged(Cause::DataCache), 100U);
    EXPECT_EQ(core().stack().total(), core().now());
}

TEST_F(CoreTest, DeliveryMakesRegistersReadyThatABlockedLoadWouldHaveWritten) {
    memory.data[0x1000] = {.blocked = true};
    const Timing faulting = run(load(rax), {at(0x1000)});
    EXPECT_LT(faulting.completed, never);
    const Cycle end = core().deliver(Event::PageFault, core().fault_squash(), place, {});
    EXPECT_LT(run(add({rax}, {rax})).issued, end + 100);
}

TEST_F(CoreTest, TheNextStepMakesThemReadyToo) {
    memory.data[0x1000] = {.blocked = true};
    const Timing faulting = run(load(rax), {at(0x1000)});
    EXPECT_LE(run(add({rax}, {rax})).issued, faulting.retired + 1);
}

TEST_F(CoreTest, LongIdleTimeIsPassedAtOnce) {
    memory.data[0x1000] = {.cache = 3000};
    run(load(rax), {at(0x1000)});
    run(add({rax}, {rax}));
    const Cycle end = Cycle{1} << 50;
    core().idle_until(end, place);
    EXPECT_GT(run(add({rax}, {rax})).issued, end);
    EXPECT_LT(core().now(), end + 100);
}

TEST_F(CoreTest, IdleTimeIsCharged) {
    run(add());
    const Cycle from = core().now();
    core().idle_until(from + 5000, place);
    EXPECT_EQ(core().now(), from + 5000);
    EXPECT_EQ(charged(Cause::Idle), 5000U);
    core().idle_until(from, place);
    EXPECT_EQ(core().now(), from + 5000);
    EXPECT_GT(run(add()).issued, from + 5000);
}

}  // namespace
}  // namespace ringfence::sim::timing
