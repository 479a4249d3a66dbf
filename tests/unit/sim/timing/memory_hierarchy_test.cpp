// SPDX-License-Identifier: MIT
// Each parameter of the cache hierarchy, by a formula that fails if it is ignored.
#include "sim/timing/memory_hierarchy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "sim/state/writer.h"
#include "tests/unit/sim/timing/small_hierarchy.h"

namespace ringfence::sim::timing {
namespace {

/// Long after everything before it.
Cycle later(Cycle& now) {
    now += 10'000;
    return now;
}

TEST(MemoryHierarchy, EachLevelHasItsLatencyFromTheCore) {
    const HierarchyParameters parameters = small_hierarchy();
    MemoryHierarchy caches{parameters};
    Cycle now = 0;

    const CacheTime memory = caches.load(line(0), later(now), 0);
    EXPECT_EQ(memory.level, Level::Memory);
    EXPECT_EQ(memory.ready, now + parameters.memory_latency);
    EXPECT_EQ(memory.beyond_l1, parameters.memory_latency - parameters.l1d.latency);

    const CacheTime l1 = caches.load(line(0), later(now), 0);
    EXPECT_EQ(l1.level, Level::L1);
    EXPECT_EQ(l1.ready, now + parameters.l1d.latency);
    EXPECT_EQ(l1.beyond_l1, 0U);

    // As many lines of the same L1D set (not of one L2 set) as L1D has ways.
    caches.load(line(4), later(now), 0);
    caches.load(line(12), later(now), 0);
    ASSERT_FALSE(caches.l1d_holds(line(0)));
    const CacheTime l2 = caches.load(line(0), later(now), 0);
    EXPECT_EQ(l2.level, Level::L2);
    EXPECT_EQ(l2.ready, now + parameters.l2.latency);

    // As many lines of one L2 set as it has ways; they lie in different LLC sets.
    for (u64 i = 1; i <= parameters.l2.ways; ++i) {
        caches.load(line(i * parameters.l2.sets), later(now), 0);
    }
    ASSERT_FALSE(caches.l2_holds(line(0)));
    ASSERT_FALSE(caches.l1d_holds(line(0)));
    const CacheTime llc = caches.load(line(0), later(now), 0);
    EXPECT_EQ(llc.level, Level::Llc);
    EXPECT_EQ(llc.ready, now + parameters.llc.latency);
}

TEST(MemoryHierarchy, FetchesHaveTheInstructionCachesLatency) {
    const HierarchyParameters parameters = small_hierarchy();
    MemoryHierarchy caches{parameters};
    EXPECT_EQ(caches.fetch(line(7), 0).ready, parameters.memory_latency);
    EXPECT_EQ(caches.fetch(line(7), 1000).ready, 1000 + parameters.l1i.latency);
    EXPECT_FALSE(caches.l1d_holds(line(7)));
    EXPECT_EQ(caches.load(line(7), 2000, 0).ready, 2000 + parameters.l2.latency);
}

TEST(MemoryHierarchy, LevelsMayBeAbsent) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.llc = {};
    MemoryHierarchy two_levels{parameters};
    two_levels.store(line(0), 0);
    EXPECT_EQ(two_levels.load(line(0), 1000, 0).level, Level::L1);
    parameters.l2 = {};
    MemoryHierarchy one_level{parameters};
    one_level.store(line(0), 0);
    one_level.load(line(4), 1000, 0);
    EXPECT_EQ(one_level.load(line(8), 2000, 0).level, Level::Memory);
    EXPECT_EQ(one_level.statistics().memory_writes, 1U) << "the dirty line had nowhere else to go";
}

class Ways : public ::testing::TestWithParam<u32> {};

TEST_P(Ways, OneLineMoreThanThereAreWaysPushesOutTheLeastRecentlyUsed) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.l1d.ways = GetParam();
    parameters.llc_inclusive = false;
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    const u64 sets = parameters.l1d.sets;
    for (u64 i = 0; i < GetParam(); ++i) {
        caches.load(line(i * sets), later(now), 0);
    }
    for (u64 i = 0; i < GetParam(); ++i) {
        EXPECT_TRUE(caches.l1d_holds(line(i * sets)));
    }
    if (GetParam() > 1) {
        caches.load(line(0), later(now), 0);  // no longer the oldest
    }
    caches.load(line(GetParam() * sets), later(now), 0);
    const u64 oldest = GetParam() > 1 ? 1 : 0;
    for (u64 i = 0; i <= GetParam(); ++i) {
        EXPECT_EQ(caches.l1d_holds(line(i * sets)), i != oldest) << i;
    }
}
TEST_P(Ways, TheInstructionCacheHasItsOwn) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.l1i = {.sets = 3, .ways = GetParam(), .latency = 3};
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    const u64 all = u64{parameters.l1i.sets} * parameters.l1i.ways;
    for (u64 i = 0; i < all; ++i) {
        caches.fetch(line(i), later(now));
    }
    for (u64 i = 0; i < all; ++i) {
        EXPECT_TRUE(caches.l1i_holds(line(i))) << i;
    }
    caches.fetch(line(all), later(now));
    for (u64 i = 0; i <= all; ++i) {
        EXPECT_EQ(caches.l1i_holds(line(i)), i != 0) << i;
    }
}
INSTANTIATE_TEST_SUITE_P(Counts, Ways, ::testing::Values(1U, 2U, 8U, 11U));

TEST(MemoryHierarchy, HitsInTheOuterLevelsAreUsesToo) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.l1d = {.sets = 1, .ways = 1, .latency = 5};
    for (CacheParameters HierarchyParameters::* const level :
         {&HierarchyParameters::l2, &HierarchyParameters::llc}) {
        HierarchyParameters narrow = parameters;
        narrow.l2.sets = narrow.l2.ways = 1;
        narrow.*level = {.sets = 1, .ways = 3, .latency = 14};
        MemoryHierarchy caches{narrow};
        Cycle now = 0;
        for (const u64 number : {1U, 2U, 3U, 1U, 4U}) {
            caches.load(line(number), later(now), 0);
        }
        const bool is_l2 = level == &HierarchyParameters::l2;
        const auto holds = [&](u64 number) {
            return is_l2 ? caches.l2_holds(line(number)) : caches.llc_holds(line(number));
        };
        EXPECT_TRUE(holds(1));
        EXPECT_FALSE(holds(2)) << "the least recently used";
        EXPECT_TRUE(holds(3));
    }
}

TEST(MemoryHierarchy, SetsNeedNotBeAPowerOfTwo) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.llc.sets = 22;
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    const u64 capacity = u64{parameters.llc.sets} * parameters.llc.ways;
    for (u64 i = 0; i < capacity; ++i) {
        caches.load(line(i), later(now), 0);
    }
    for (u64 i = 0; i < capacity; ++i) {
        EXPECT_TRUE(caches.llc_holds(line(i))) << i;
    }
    caches.load(line(capacity), later(now), 0);
    EXPECT_FALSE(caches.llc_holds(line(0)));
    EXPECT_TRUE(caches.llc_holds(line(1)));
}

// Misses in flight --------------------------------------------------------------------------------

TEST(MemoryHierarchy, AHitUnderAMissWaitsForTheMissAndIsNotYetInL1d) {
    const HierarchyParameters parameters = small_hierarchy();
    MemoryHierarchy caches{parameters};
    const Cycle filled = caches.load(line(3), 100, 0).ready;
    EXPECT_FALSE(caches.in_l1d(line(3), 100));
    EXPECT_FALSE(caches.in_l1d(line(3), filled - 1));
    EXPECT_TRUE(caches.in_l1d(line(3), filled));

    const CacheTime second = caches.load(line(3), 120, 0);
    EXPECT_EQ(second.level, Level::InFlight);
    EXPECT_EQ(second.ready, filled);
    EXPECT_EQ(second.beyond_l1, filled - (120 + parameters.l1d.latency));
    // Too late to wait for the fill, too early for it to be over.
    EXPECT_EQ(caches.load(line(3), filled - 1, 0).ready, filled - 1 + parameters.l1d.latency);
    EXPECT_EQ(caches.statistics().memory_reads, 1U);
    EXPECT_EQ(caches.statistics().l1d.in_flight, 2U);
}

TEST(MemoryHierarchy, TheFirstMissBeyondTheFillBuffersWaitsForOne) {
    for (const u32 buffers : {1U, 2U, 4U}) {
        HierarchyParameters parameters = small_hierarchy();
        parameters.fill_buffers = buffers;
        MemoryHierarchy caches{parameters};
        for (u64 i = 0; i < buffers; ++i) {
            EXPECT_EQ(caches.load(line(i), i, 0).ready, i + parameters.memory_latency);
        }
        const CacheTime waited = caches.load(line(buffers), buffers, 0);
        EXPECT_EQ(waited.ready, 2 * parameters.memory_latency) << buffers;
    }
}

TEST(MemoryHierarchy, TheFirstMissBeyondTheL2FillBuffersWaitsForOne) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.l2_fill_buffers = 2;
    MemoryHierarchy caches{parameters};
    EXPECT_EQ(caches.load(line(0), 0, 0).ready, parameters.memory_latency);
    EXPECT_EQ(caches.fetch(line(1), 0).ready, parameters.memory_latency);
    EXPECT_EQ(caches.load(line(2), 0, 0).ready, 2 * parameters.memory_latency);
    // Those that hit L2 need none.
    MemoryHierarchy warm{parameters};
    warm.fetch(line(9), 0);
    warm.load(line(0), 1000, 0);
    warm.load(line(1), 1000, 0);
    EXPECT_EQ(warm.load(line(9), 1000, 0).ready, 1000 + parameters.l2.latency);
}

TEST(MemoryHierarchy, AChainOfMissesHoldsOneBufferAndDelaysNothingEarlier) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.fill_buffers = 2;
    MemoryHierarchy caches{parameters};
    Cycle chain = 0;
    for (u64 i = 0; i < 5; ++i) {
        chain = caches.load(line(i), chain, 0).ready;
    }
    EXPECT_EQ(chain, 5 * parameters.memory_latency);
    // Younger in program order, earlier in time: the second buffer is free.
    EXPECT_EQ(caches.load(line(9), 10, 0).ready, 10 + parameters.memory_latency);
}

TEST(MemoryHierarchy, LinesFromMemoryAreAGapApart) {
    for (const Cycle gap : {Cycle{0}, Cycle{7}, Cycle{30}}) {
        HierarchyParameters parameters = small_hierarchy();
        parameters.memory_gap = gap;
        MemoryHierarchy caches{parameters};
        for (u64 i = 0; i < 4; ++i) {
            EXPECT_EQ(caches.load(line(i), 1000, 0).ready,
                      1000 + parameters.memory_latency + i * gap);
        }
        // Nobody was on the way then.
        MemoryHierarchy idle{parameters};
        idle.load(line(0), 5000, 0);
        EXPECT_EQ(idle.load(line(1), 4000, 0).ready, 4000 + parameters.memory_latency);
    }
}

TEST(MemoryChannel, GivesEachStartOnceAGapFromAllOthers) {
    std::mt19937 random{7};
    MemoryChannel channel{10};
    std::vector<Cycle> given;
    for (int i = 0; i < 64; ++i) {
        const Cycle at = std::uniform_int_distribution<Cycle>{0, 400}(random);
        const Cycle start = channel.reserve(at);
        EXPECT_GE(start, at);
        for (const Cycle other : given) {
            EXPECT_GE(std::max(start, other) - std::min(start, other), 10U);
        }
        // No earlier start would have done.
        for (Cycle earlier = at; earlier < start; ++earlier) {
            EXPECT_TRUE(std::ranges::any_of(given, [&](Cycle other) {
                return std::max(earlier, other) - std::min(earlier, other) < 10;
            })) << earlier;
        }
        given.push_back(start);
    }
}

// Stores and victims ------------------------------------------------------------------------------

TEST(MemoryHierarchy, WriteBacksCostBandwidthAlone) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.memory_gap = 40;
    MemoryHierarchy caches{parameters};
    EXPECT_EQ(caches.store(line(0), 0).ready, parameters.memory_latency);
    EXPECT_EQ(caches.statistics().memory_writes, 0U);
    caches.flush_line(line(0), 1000);
    EXPECT_EQ(caches.statistics().memory_writes, 1U);
    // The write went out at 1000; the next line comes a gap later.
    EXPECT_EQ(caches.load(line(1), 1010, 0).ready, 1040 + parameters.memory_latency);
    // A clean line leaves without a trace.
    caches.flush_line(line(1), 2000);
    EXPECT_EQ(caches.load(line(2), 2000, 0).ready, 2000 + parameters.memory_latency);
}

TEST(MemoryHierarchy, ADirtyLineSurvivesItsWayThroughAllLevelsAndReachesMemoryOnce) {
    for (const bool inclusive : {true, false}) {
        HierarchyParameters parameters = small_hierarchy();
        parameters.llc_inclusive = inclusive;
        MemoryHierarchy caches{parameters};
        Cycle now = 0;
        caches.store(line(0), later(now));
        for (u64 i = 1; i < 400; ++i) {
            caches.load(line(i), later(now), 0);
        }
        EXPECT_EQ(caches.statistics().memory_writes, 1U) << inclusive;
        EXPECT_EQ(caches.load(line(0), later(now), 0).level, Level::Memory);
    }
}

TEST(MemoryHierarchy, WhatLeavesAnInclusiveLlcLeavesTheInnerLevels) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.llc = {.sets = 1, .ways = 3, .latency = 50};
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    caches.store(line(0), later(now));
    caches.fetch(line(1), later(now));
    caches.load(line(2), later(now), 0);
    caches.load(line(3), later(now), 0);
    EXPECT_FALSE(caches.l1d_holds(line(0)));
    EXPECT_FALSE(caches.l2_holds(line(0)));
    EXPECT_EQ(caches.statistics().memory_writes, 1U) << "L1D had changed it";
    caches.load(line(5), later(now), 0);
    EXPECT_FALSE(caches.l1i_holds(line(1)));
    EXPECT_EQ(caches.statistics().back_invalidations, 4U);

    parameters.llc_inclusive = false;
    MemoryHierarchy victim{parameters};
    for (u64 i = 0; i < 4; ++i) {
        victim.load(line(i), later(now), 0);
    }
    EXPECT_TRUE(victim.l1d_holds(line(0)));
    EXPECT_FALSE(victim.llc_holds(line(0))) << "nothing has left L2 yet";
}

TEST(MemoryHierarchy, AVictimLlcHoldsWhatLeavesL2AndGivesItBack) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.llc_inclusive = false;
    MemoryHierarchy caches{parameters};
    Cycle now = 0;
    caches.store(line(0), later(now));
    for (u64 i = 1; i <= parameters.l2.ways; ++i) {
        caches.load(line(i * parameters.l2.sets), later(now), 0);
    }
    // L1D's victim went to L2, dirty, and may have come after the others.
    for (u64 i = 0; i < 64 && caches.l2_holds(line(0)); ++i) {
        caches.load(line((10 + i) * parameters.l2.sets), later(now), 0);
    }
    ASSERT_FALSE(caches.l2_holds(line(0)));
    ASSERT_TRUE(caches.llc_holds(line(0)));
    EXPECT_EQ(caches.load(line(0), later(now), 0).ready, now + parameters.llc.latency);
    EXPECT_FALSE(caches.llc_holds(line(0)));
    EXPECT_TRUE(caches.l2_holds(line(0)));
    EXPECT_EQ(caches.statistics().memory_writes, 0U);
    caches.flush_line(line(0), later(now));
    EXPECT_EQ(caches.statistics().memory_writes, 1U) << "it was dirty all the way";
}

// Maintenance and hints ---------------------------------------------------------------------------

TEST(MemoryHierarchy, AFlushedLineIsNowhereNotEvenOnItsWay) {
    const HierarchyParameters parameters = small_hierarchy();
    MemoryHierarchy caches{parameters};
    caches.load(line(2), 0, 0);
    caches.fetch(line(2), 1000);
    caches.flush_line(line(2), 2000);
    EXPECT_FALSE(caches.l1d_holds(line(2)) || caches.l1i_holds(line(2)) ||
                 caches.l2_holds(line(2)) || caches.llc_holds(line(2)));
    EXPECT_EQ(caches.load(line(2), 3000, 0).level, Level::Memory);
    caches.flush_line(line(2), 3010);  // before it has come
    EXPECT_FALSE(caches.in_l1d(line(2), 9000));
    EXPECT_EQ(caches.load(line(2), 9000, 0).ready, 9000 + parameters.memory_latency);
}

TEST(MemoryHierarchy, AWrittenBackLineStaysAndIsClean) {
    MemoryHierarchy caches{small_hierarchy()};
    caches.store(line(2), 0);
    caches.write_back(line(2), 1000);
    caches.write_back(line(2), 1100);
    EXPECT_EQ(caches.statistics().memory_writes, 1U);
    EXPECT_EQ(caches.load(line(2), 2000, 0).level, Level::L1);
    caches.flush_line(line(2), 3000);
    EXPECT_EQ(caches.statistics().memory_writes, 1U);
}

TEST(MemoryHierarchy, PrefetchesGoWhereTheySay) {
    MemoryHierarchy caches{small_hierarchy()};
    caches.prefetch(line(1), PrefetchTarget::L1d, 0);
    EXPECT_TRUE(caches.l1d_holds(line(1)) && caches.l2_holds(line(1)));
    EXPECT_FALSE(caches.in_l1d(line(1), 199));
    EXPECT_TRUE(caches.in_l1d(line(1), 200));
    caches.prefetch(line(2), PrefetchTarget::L2, 0);
    EXPECT_TRUE(!caches.l1d_holds(line(2)) && caches.l2_holds(line(2)));
    caches.prefetch(line(3), PrefetchTarget::L1dNotL2, 0);
    EXPECT_TRUE(caches.l1d_holds(line(3)) && !caches.l2_holds(line(3)));
    EXPECT_TRUE(caches.llc_holds(line(3))) << "inclusive";
    EXPECT_EQ(caches.statistics().software.issued, 3U);
    EXPECT_EQ(caches.statistics().l1d.misses, 0U) << "no demand came";
}

TEST(MemoryHierarchy, APrefetchThatFindsNoBufferIsDropped) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.fill_buffers = 1;
    for (const PrefetchTarget target :
         {PrefetchTarget::L1d, PrefetchTarget::L2, PrefetchTarget::L1dNotL2}) {
        MemoryHierarchy caches{parameters};
        caches.load(line(0), 0, 0);
        caches.prefetch(line(1), target, 10);
        EXPECT_FALSE(caches.l1d_holds(line(1)) || caches.l2_holds(line(1)));
        EXPECT_EQ(caches.statistics().software.dropped, 1U);
        caches.prefetch(line(1), target, parameters.memory_latency);
        EXPECT_TRUE(caches.l1d_holds(line(1)) || caches.l2_holds(line(1)));
    }
}

// State -------------------------------------------------------------------------------------------

u64 digest(MemoryHierarchy& model) {
    state::HashWriter writer;
    model.visit_state(writer, never);
    return writer.value();
}

TEST(MemoryHierarchy, DigestsTellStatesApartAndResetMakesItNew) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.stride_prefetcher = parameters.streamer = true;
    MemoryHierarchy one{parameters};
    MemoryHierarchy two{parameters};
    const u64 fresh = digest(one);
    EXPECT_EQ(fresh, digest(two));
    one.load(line(1), 0, 0x400);
    EXPECT_NE(digest(one), fresh);
    two.load(line(1), 0, 0x400);
    EXPECT_EQ(digest(one), digest(two));
    one.store(line(1), 1000);
    two.load(line(1), 1000, 0x400);
    EXPECT_NE(digest(one), digest(two));
    one.reset();
    EXPECT_EQ(digest(one), fresh);
    EXPECT_EQ(one.statistics(), HierarchyStatistics{});
}

/// What an L1D with true LRU holds, by the book.
class ReferenceCache {
public:
    ReferenceCache(u64 sets, u64 ways) : ways_(ways), sets_(sets) {}
    bool access(u64 number) {
        std::deque<u64>& set = sets_[number % sets_.size()];
        const auto found = std::ranges::find(set, number);
        const bool hit = found != set.end();
        if (hit) {
            set.erase(found);
        } else if (set.size() == ways_) {
            set.pop_back();
        }
        set.push_front(number);
        return hit;
    }
    void remove(u64 number) { std::erase(sets_[number % sets_.size()], number); }

private:
    u64 ways_;
    std::vector<std::deque<u64>> sets_;
};

TEST(MemoryHierarchy, RandomAccessesHitExactlyWhenTrueLruWould) {
    for (const u32 sets : {1U, 3U, 4U, 7U}) {
        HierarchyParameters parameters = small_hierarchy();
        parameters.l1d.sets = sets;
        parameters.l1d.ways = 5;
        parameters.llc_inclusive = false;
        MemoryHierarchy caches{parameters};
        ReferenceCache reference{sets, 5};
        std::mt19937 random{sets};
        Cycle now = 0;
        for (int i = 0; i < 20'000; ++i) {
            const u64 number = std::uniform_int_distribution<u64>{0, 9 * sets}(random);
            if (random() % 16 == 0) {
                caches.flush_line(line(number), later(now));
                reference.remove(number);
                continue;
            }
            const CacheTime time = random() % 4 == 0 ? caches.store(line(number), later(now))
                                                     : caches.load(line(number), later(now), 0);
            ASSERT_EQ(time.level == Level::L1, reference.access(number)) << i;
        }
    }
}

}  // namespace
}  // namespace ringfence::sim::timing
