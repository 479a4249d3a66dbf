// SPDX-License-Identifier: MIT
// The frame allocator on invented memory: it never touches the frames themselves.
#include "kernel/core/memory/frame_allocator.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace ringfence::kernel {
namespace {

class FrameAllocatorTest : public testing::Test {
protected:
    static constexpr u64 frame_count = 8192;

    FrameAllocatorTest() : records_(frame_count) { allocator_.initialize(records_); }

    static PhysicalAddress frame(u64 number) { return PhysicalAddress{number * frame_size}; }

    std::vector<FrameRecord> records_;
    FrameAllocator allocator_;
};

TEST_F(FrameAllocatorTest, HasNothingBeforeARangeIsAdded) {
    EXPECT_EQ(allocator_.free_frames(), 0U);
    EXPECT_FALSE(allocator_.allocate().ok());
}

TEST_F(FrameAllocatorTest, AddsOnlyWholeFramesOfARange) {
    allocator_.add_free_range(frame(10) + 1, frame(13) + 4095);
    EXPECT_EQ(allocator_.free_frames(), 2U);
    EXPECT_EQ(allocator_.total_frames(), 2U);
}

TEST_F(FrameAllocatorTest, GivesEachFrameOnce) {
    allocator_.add_free_range(frame(3), frame(1000));
    std::map<PhysicalAddress, int> seen;
    for (int i = 0; i < 997; ++i) {
        const auto got = allocator_.allocate();
        ASSERT_TRUE(got.ok());
        EXPECT_TRUE(seen.emplace(got.value(), i).second);
        EXPECT_GE(got.value(), frame(3));
        EXPECT_LT(got.value(), frame(1000));
    }
    EXPECT_FALSE(allocator_.allocate().ok());
}

TEST_F(FrameAllocatorTest, AlignsBlocksToTheirSize) {
    allocator_.add_free_range(frame(1), frame(4096));
    for (unsigned order = 0; order <= FrameAllocator::largest_order; ++order) {
        const auto block = allocator_.allocate(order);
        ASSERT_TRUE(block.ok()) << order;
        EXPECT_TRUE(block.value().is_aligned(frame_size << order)) << order;
        EXPECT_EQ(allocator_.order(block.value()), order);
    }
}

TEST_F(FrameAllocatorTest, JoinsFreedBuddiesToTheLargestBlock) {
    allocator_.add_free_range(frame(1024), frame(2048));
    std::vector<PhysicalAddress> taken;
    for (int i = 0; i < 1024; ++i) {
        taken.push_back(allocator_.allocate().value());
    }
    EXPECT_FALSE(allocator_.allocate(1).ok());
    for (const auto block : taken) {
        EXPECT_TRUE(allocator_.release(block));
    }
    const auto whole = allocator_.allocate(FrameAllocator::largest_order);
    ASSERT_TRUE(whole.ok());
    EXPECT_EQ(whole.value(), frame(1024));
}

TEST_F(FrameAllocatorTest, FreesAFrameOnlyWithItsLastReference) {
    allocator_.add_free_range(frame(1), frame(2));
    const auto shared = allocator_.allocate().value();
    allocator_.add_reference(shared);
    EXPECT_EQ(allocator_.references(shared), 2U);
    EXPECT_FALSE(allocator_.release(shared));
    EXPECT_FALSE(allocator_.allocate().ok());
    EXPECT_TRUE(allocator_.release(shared));
    EXPECT_TRUE(allocator_.allocate().ok());
}

TEST_F(FrameAllocatorTest, KeepsTheOwnersTag) {
    allocator_.add_free_range(frame(0), frame(64));
    const auto block = allocator_.allocate(3).value();
    allocator_.set_tag(block, 77);
    EXPECT_EQ(allocator_.tag(block), 77U);
}

TEST_F(FrameAllocatorTest, StopsAtAReleaseOfWhatIsFree) {
    allocator_.add_free_range(frame(0), frame(64));
    const auto block = allocator_.allocate().value();
    allocator_.release(block);
    EXPECT_DEATH(allocator_.release(block), "references > 0");
}

/// Random allocations and releases against a model that remembers what is taken.
TEST_F(FrameAllocatorTest, NeverOverlapsUnderRandomUse) {
    allocator_.add_free_range(frame(5), frame(3000));
    allocator_.add_free_range(frame(3100), frame(8192));
    const u64 all = allocator_.free_frames();
    std::mt19937_64 random(42);  // NOLINT: the same sequence every time
    std::map<u64, u64> taken;    // first frame number -> frames
    for (int step = 0; step < 20000; ++step) {
        if (random() % 5 < 3) {
            const auto order = static_cast<unsigned>(random() % 5);
            const auto block = allocator_.allocate(order);
            if (!block.ok()) {
                continue;
            }
            const u64 first = block.value().value() / frame_size;
            const u64 count = u64{1} << order;
            const auto next = taken.lower_bound(first);
            ASSERT_TRUE(next == taken.end() || first + count <= next->first);
            ASSERT_TRUE(next == taken.begin() ||
                        std::prev(next)->first + std::prev(next)->second <= first);
            taken.emplace(first, count);
        } else if (!taken.empty()) {
            auto victim = taken.begin();
            std::advance(victim, static_cast<long>(random() % std::min<u64>(taken.size(), 50)));
            EXPECT_TRUE(allocator_.release(frame(victim->first)));
            taken.erase(victim);
        }
        u64 used = 0;
        if (step % 1000 == 0) {
            for (const auto& [first, count] : taken) {
                used += count;
            }
            ASSERT_EQ(allocator_.free_frames(), all - used);
        }
    }
    for (const auto& [first, count] : taken) {
        allocator_.release(frame(first));
    }
    EXPECT_EQ(allocator_.free_frames(), all);
}

}  // namespace
}  // namespace ringfence::kernel
