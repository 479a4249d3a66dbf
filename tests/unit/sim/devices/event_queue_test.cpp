// SPDX-License-Identifier: MIT
#include "sim/devices/event_queue.h"

#include <gtest/gtest.h>

#include <vector>

#include "sim/devices/frequency.h"

namespace ringfence::sim::devices {
namespace {

class Log final : public EventTarget {
public:
    void event_due(unsigned kind, u64 cycle) override { seen.push_back({kind, cycle}); }
    std::vector<std::pair<unsigned, u64>> seen;
};

TEST(EventQueue, DeliversByCycleAndThenInTheOrderOfAsking) {
    memory::Clock clock;
    EventQueue queue{clock};
    Log log;
    queue.enroll(log, "log", 6);
    queue.schedule(log, 1, 30);
    queue.schedule(log, 2, 10);
    queue.schedule(log, 3, 20);
    queue.schedule(log, 4, 10);
    queue.schedule(log, 5, 10);
    EXPECT_EQ(clock.next_event, 10U);
    clock.now = 25;
    queue.run_due();
    const std::vector<std::pair<unsigned, u64>> expected{{2, 10}, {4, 10}, {5, 10}, {3, 20}};
    EXPECT_EQ(log.seen, expected);
    EXPECT_EQ(clock.next_event, 30U);
}

TEST(EventQueue, SchedulingAgainReplacesAndCancellingRemoves) {
    memory::Clock clock;
    EventQueue queue{clock};
    Log log;
    queue.enroll(log, "log", 6);
    queue.schedule(log, 1, 10);
    queue.schedule(log, 1, 50);
    EXPECT_EQ(clock.next_event, 50U);
    queue.cancel(log, 1);
    EXPECT_EQ(clock.next_event, ~u64{0});
    clock.now = 100;
    queue.run_due();
    EXPECT_TRUE(log.seen.empty());
}

class Repeating final : public EventTarget {
public:
    explicit Repeating(EventQueue& queue) : queue_(queue) {}
    void event_due(unsigned, u64 cycle) override {
        ++count;
        queue_.schedule(*this, 0, cycle + 10);
    }
    unsigned count = 0;

private:
    EventQueue& queue_;
};

TEST(EventQueue, CatchesUpWithEventsThatScheduleTheNext) {
    memory::Clock clock;
    EventQueue queue{clock};
    Repeating repeating{queue};
    queue.enroll(repeating, "repeating", 1);
    queue.schedule(repeating, 0, 10);
    clock.now = 45;
    queue.run_due();
    EXPECT_EQ(repeating.count, 4U);
    EXPECT_EQ(clock.next_event, 50U);
}

TEST(Frequency, ConvertsExactlyAndWithoutOverflow) {
    const Frequency pit{1'193'182, 3'496'000'000};
    EXPECT_EQ(pit.ticks_at(3'496'000'000), 1'193'182U);
    EXPECT_EQ(pit.ticks_at(3'496'000'000ULL * 1'000'000), 1'193'182ULL * 1'000'000);
    for (const u64 ticks : {u64{1}, u64{2}, u64{11'931}, u64{1} << 40}) {
        const u64 cycle = pit.cycle_of(ticks);
        EXPECT_EQ(pit.ticks_at(cycle), ticks);
        EXPECT_EQ(pit.ticks_at(cycle - 1), ticks - 1) << "the first such cycle";
    }
    EXPECT_EQ((Frequency{1, 1'000'000'000}.cycle_of(~u64{0})), ~u64{0} - 1);
}

}  // namespace
}  // namespace ringfence::sim::devices
