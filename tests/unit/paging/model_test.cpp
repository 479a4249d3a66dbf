// SPDX-License-Identifier: MIT
// Random operations, checked against a list of intervals that says what should be mapped, with
// every state in between replayed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

/// What is mapped, as intervals that begin at the map's keys.
class IntervalModel {
public:
    struct Interval {
        u64 size;
        u64 frame;
        Attributes attributes;
    };

    [[nodiscard]] bool any_in(u64 first, u64 size) const {
        for (const auto& [start, interval] : intervals_) {
            if (start < first + size && first < start + interval.size) {
                return true;
            }
        }
        return false;
    }
    void map(u64 first, const Interval& interval) { intervals_[first] = interval; }
    void unmap(u64 first, u64 size) {
        cut(first);
        cut(first + size);
        intervals_.erase(intervals_.lower_bound(first), intervals_.lower_bound(first + size));
    }
    void protect(u64 first, u64 size, const Attributes& attributes) {
        cut(first);
        cut(first + size);
        for (auto at = intervals_.lower_bound(first); at != intervals_.lower_bound(first + size);
             ++at) {
            at->second.attributes = attributes;
        }
    }
    /// Intervals joined where they continue each other, as (start, size, frame, attributes).
    [[nodiscard]] std::vector<Run> runs() const {
        std::vector<Run> result;
        for (const auto& [start, interval] : intervals_) {
            const bool continues =
                !result.empty() && result.back().start.value() + result.back().size == start &&
                result.back().frame.value() + result.back().size == interval.frame &&
                result.back().attributes == interval.attributes;
            if (continues) {
                result.back().size += interval.size;
            } else {
                result.push_back({VirtualAddress{start}, PhysicalAddress{interval.frame},
                                  interval.size, interval.attributes});
            }
        }
        return result;
    }

private:
    void cut(u64 at) {
        const auto next = intervals_.upper_bound(at);
        if (next == intervals_.begin()) {
            return;
        }
        auto& [start, interval] = *std::prev(next);
        if (start < at && at < start + interval.size) {
            const u64 head = at - start;
            intervals_[at] = {interval.size - head, interval.frame + head, interval.attributes};
            interval.size = head;
        }
    }

    std::map<u64, Interval> intervals_;
};

bool same(const std::vector<Run>& left, const std::vector<Run>& right) {
    return std::ranges::equal(left, right, [](const Run& a, const Run& b) {
        return a.start == b.start && a.frame == b.frame && a.size == b.size &&
               a.attributes == b.attributes;
    });
}

template <typename F>
class ModelTest : public ::testing::Test {
protected:
    /// A window of some large pages around a boundary of the next level, in which all happens.
    static constexpr u64 large = large_page<F>;
    static constexpr u64 window_pages = 3 * large / page_size;
    static u64 window() { return lowest<F>().value() + (u64{1} << 30) - large - large / 2; }

    static std::vector<VirtualAddress> probes() {
        std::vector<VirtualAddress> result;
        for (const u64 offset : {u64{0}, page_size, large / 2 - page_size, large / 2,
                                 large / 2 + page_size, large, 3 * large / 2 - page_size,
                                 3 * large / 2, 2 * large, 5 * large / 2, 3 * large - page_size}) {
            result.emplace_back(window() + offset);
        }
        return result;
    }

    /// A range in the window: single pages, whole large pages and anything.
    static std::pair<u64, u64> range() {
        const u64 per_large = large / page_size;
        const u64 half = per_large / 2;
        const auto boundaries = rc::gen::elementOf(
            std::vector<u64>{0, 1, half - 1, half, half + 1, per_large, half + per_large - 1,
                             half + per_large, half + 2 * per_large, window_pages - 1});
        const u64 first = *boundaries;
        const u64 count = *rc::gen::elementOf(
            std::vector<u64>{1, 2, 3, half, per_large, per_large + 1, 2 * per_large});
        return {window() + first * page_size, std::min(count, window_pages - first) * page_size};
    }

    static Attributes attributes() {
        Attributes result;
        result.writable = *rc::gen::arbitrary<bool>();
        result.executable = *rc::gen::arbitrary<bool>();
        result.user = *rc::gen::arbitrary<bool>();
        result.global = *rc::gen::arbitrary<bool>();
        result.memory_type = *rc::gen::elementOf(
            std::vector<MemoryType>{MemoryType::WriteBack, MemoryType::Uncached});
        result.software = *rc::gen::inRange<u8>(0, 8);
        return supported<F>(result);
    }

    void step() {
        const auto [first, size] = range();
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
            case 1:
                return step_map(first, size);
            case 2:
                RC_ASSERT(tables->unmap(VirtualAddress{first}, size) == accepted);
                return model.unmap(first, size);
            default: {
                const Attributes wanted = attributes();
                RC_ASSERT(tables->protect(VirtualAddress{first}, size, wanted) == accepted);
                return model.protect(first, size, wanted);
            }
        }
    }

    void step_map(u64 first, u64 size) {
        const u64 skew = *rc::gen::elementOf(std::vector<u64>{0, 0, 0, page_size});
        const u64 frame = 0x2000'0000 + (first - window()) + large / 2 + skew;
        const Attributes wanted = attributes();
        const auto error = tables->map({VirtualAddress{first}, PhysicalAddress{frame}, size, wanted,
                                        *rc::gen::elementOf(std::vector<u64>{page_size, large})});
        if (model.any_in(first, size)) {
            RC_ASSERT(error == PagingError::Overlap);
        } else {
            RC_ASSERT(error == accepted);
            model.map(first, {size, frame, wanted});
        }
    }

    void check() {
        std::vector<paging::Run> found;
        tables->walker().for_each_run([&](const paging::Run& run) { found.push_back(run); });
        RC_ASSERT(same(found, model.runs()));
    }

    void run() {
        const int steps = *rc::gen::inRange(1, 20);
        for (int i = 0; i < steps; ++i) {
            step();
            check();
            RC_ASSERT(!::testing::Test::HasFailure());
        }
        const u64 whole = u64{4} * gib;
        const VirtualAddress bottom = lowest<F>();
        RC_ASSERT(tables->unmap(bottom, whole) == accepted);
        model = {};
        check();
    }

    std::optional<Tables<F>> tables;
    IntervalModel model;
};
TYPED_TEST_SUITE(ModelTest, AllFormats, FormatNames);

TYPED_TEST(ModelTest, AgreesAfterAnyOperations) {
    const auto result = rc::check([this] {
        this->tables.emplace(this->probes());
        this->model = {};
        this->run();
    });
    EXPECT_TRUE(result);
}

}  // namespace
}  // namespace ringfence::paging::testing
