// SPDX-License-Identifier: MIT
// Who listens to the caches hears of each line, and of nothing else.
#include "sim/timing/line_listener.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/unit/sim/timing/small_hierarchy.h"

namespace ringfence::sim::timing {
namespace {

class Changes final : public LineListener {
public:
    struct Seen {
        Change change;
        CacheName cache;
        u32 set;
        u64 number;
        Cycle at;
        bool operator==(const Seen&) const = default;
    };
    void line_changed(Change change, CacheName cache, u32 set, PhysicalAddress address,
                      Cycle at) override {
        seen.push_back({change, cache, set, address.value() / cache_line_bytes, at});
    }
    [[nodiscard]] std::vector<Seen> take() { return std::exchange(seen, {}); }

    std::vector<Seen> seen;
};

TEST(LineListener, HearsOfLinesThatComeAndGo) {
    using Change = LineListener::Change;
    using Name = LineListener::CacheName;
    using Seen = std::vector<Changes::Seen>;
    const HierarchyParameters parameters = small_hierarchy();
    MemoryHierarchy caches{parameters};
    Changes changes;
    caches.tell(&changes);
    const Cycle memory = parameters.memory_latency;
    caches.load(line(13), 0, 0);
    EXPECT_EQ(changes.take(), (Seen{{Change::Filled, Name::Llc, 13 % 11, 13, memory},
                                    {Change::Filled, Name::L2, 13 % 8, 13, memory},
                                    {Change::Filled, Name::L1d, 13 % 4, 13, memory}}));
    caches.load(line(13), 1000, 0);
    EXPECT_EQ(changes.take(), Seen{}) << "a hit";
    caches.fetch(line(13), 1000);
    EXPECT_EQ(changes.take(),
              (Seen{{Change::Filled, Name::L1i, 13 % 4, 13, 1000 + parameters.l2.latency}}));
    // The third line of a set of two ways drives out the first.
    caches.load(line(17), 2000, 0);
    changes.seen.clear();
    caches.load(line(21), 3000, 0);
    EXPECT_EQ(changes.take().back(),
              (Changes::Seen{Change::Evicted, Name::L1d, 1, 13, 3000 + memory}));
    caches.flush_line(line(21), 4000);
    EXPECT_EQ(changes.take(), (Seen{{Change::Flushed, Name::L1d, 1, 21, 4000}}));
    caches.tell(nullptr);
    caches.load(line(1), 5000, 0);
    EXPECT_EQ(changes.take(), Seen{});
}

TEST(LineListener, HearsWhatAnInclusiveCacheTakesFromTheOthers) {
    HierarchyParameters parameters = small_hierarchy();
    parameters.llc = {.sets = 1, .ways = 2, .latency = 50};
    MemoryHierarchy caches{parameters};
    Changes changes;
    caches.load(line(0), 0, 0);
    caches.load(line(1), 1000, 0);
    caches.tell(&changes);
    caches.load(line(2), 2000, 0);
    usize evictions = 0;
    for (const Changes::Seen& seen : changes.take()) {
        if (seen.change == LineListener::Change::Evicted) {
            EXPECT_EQ(seen.number, 0U);
            ++evictions;
        }
    }
    EXPECT_EQ(evictions, 3U) << "from LLC, L2 and L1D";
}

}  // namespace
}  // namespace ringfence::sim::timing
