// SPDX-License-Identifier: MIT
// Stale translations cannot be forgotten, and tables outlive every walker that may be in them.
#include "paging/pending_invalidation.h"

#include <gmock/gmock.h>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

using F = X86FourLevel;
using Pending = PendingInvalidation<F, RecordingMemory>;

/// Notes what it is asked to invalidate.
struct Notes {
    std::vector<StaleRange> ranges;
    unsigned everything = 0;
    unsigned everything_global = 0;
    void invalidate(const StaleRange& range) { ranges.push_back(range); }
    void invalidate_everything(bool global) { ++(global ? everything_global : everything); }
};

StaleRange range(u64 first, u64 bytes = page_size, u64 stride = page_size, bool global = false) {
    return {VirtualAddress{first}, bytes, stride, global};
}

TEST(PendingInvalidationDeathTest, AssertsWhenStaleEntriesAreDropped) {
    RecordingMemory memory;
    EXPECT_DEATH(
        {
            Pending pending(memory);
            pending.add(range(0x1000));
        },
        "assertion failed: empty");
}

TEST(PendingInvalidationDeathTest, AssertsWhenAnOutcomeIsDropped) {
    Tables<F> t;
    ASSERT_EQ(t.map({VirtualAddress{0}, PhysicalAddress{0}, page_size, {}}), accepted);
    EXPECT_DEATH(
        { auto outcome = t.mapper.unmap(VirtualAddress{0}, page_size); },
        "assertion failed: empty");
}

TEST(PendingInvalidationDeathTest, AssertsWhenTablesAreDropped) {
    RecordingMemory memory;
    EXPECT_DEATH(
        {
            Pending pending(memory);
            pending.add_table(memory.allocate_table().value());
        },
        "assertion failed: empty");
}

TEST(PendingInvalidation, EmptyNeedsNoTlb) {
    RecordingMemory memory;
    const Pending pending(memory);
    EXPECT_TRUE(pending.empty());
}

TEST(PendingInvalidation, JoinsNeighbours) {
    RecordingMemory memory;
    Pending pending(memory);
    pending.add(range(0x1000));
    pending.add(range(0x2000, page_size, page_size, true));
    pending.add(range(0x20'0000, 2 * mib, 2 * mib));
    Notes notes;
    pending.consume(notes);
    ASSERT_EQ(notes.ranges.size(), 2U);
    EXPECT_EQ(notes.ranges[0].bytes, 2 * page_size);
    EXPECT_TRUE(notes.ranges[0].global);
    EXPECT_EQ(notes.ranges[1].stride, 2 * mib);
    EXPECT_FALSE(notes.ranges[1].global);
}

TEST(PendingInvalidation, ManyRangesBecomeEverything) {
    RecordingMemory memory;
    Pending pending(memory);
    for (u64 i = 0; i < 64; ++i) {
        pending.add(range(i * 0x10'000, page_size, page_size, i == 63));
    }
    Notes notes;
    pending.consume(notes);
    EXPECT_TRUE(notes.ranges.empty());
    EXPECT_EQ(notes.everything_global, 1U);
}

TEST(PendingInvalidation, IsConsumedOnce) {
    RecordingMemory memory;
    Pending pending(memory);
    pending.add(range(0x1000));
    Notes notes;
    pending.consume(notes);
    pending.consume(notes);
    EXPECT_EQ(notes.ranges.size(), 1U);
}

TEST(PendingInvalidation, MergingKeepsAllWork) {
    RecordingMemory memory;
    Pending first(memory);
    Pending second(memory);
    first.add(range(0x1000));
    first.add_table(memory.allocate_table().value());
    second.add(range(0x9000));
    second.add_table(memory.allocate_table().value());
    first.merge(std::move(second));
    EXPECT_TRUE(second.empty());
    Notes notes;
    first.consume(notes);
    EXPECT_EQ(notes.ranges.size(), 2U);
    EXPECT_EQ(memory.tables(), 0U);
}

TEST(PendingInvalidation, TablesAreFreedOnlyAfterTheTlbIsClean) {
    Tables<F> t;
    ASSERT_EQ(t.map({VirtualAddress{0}, PhysicalAddress{0}, page_size, {}}), accepted);
    auto outcome = t.mapper.unmap(VirtualAddress{0}, u64{512} * gib);
    EXPECT_EQ(t.memory.tables(), 3U);
    struct : Notes {
        RecordingMemory* memory = nullptr;
        usize tables_during = 0;
        void invalidate(const StaleRange&) { tables_during = memory->tables(); }
    } tlb;
    tlb.memory = &t.memory;
    std::move(outcome).value().consume(tlb);
    EXPECT_EQ(tlb.tables_during, 3U);
    EXPECT_EQ(t.memory.tables(), 0U);
}

}  // namespace
}  // namespace ringfence::paging::testing
