// SPDX-License-Identifier: MIT
// The kernel heap on a piece of host memory.
#include "kernel/core/memory/heap.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace ringfence::kernel {
namespace {

constexpr u64 arena_frames = 4096;
u8* arena = nullptr;

u8* bytes_of(PhysicalAddress frame) {
    return arena + frame.value();
}
PhysicalAddress frame_of(const void* pointer) {
    return PhysicalAddress{static_cast<u64>(static_cast<const u8*>(pointer) - arena)};
}

class HeapTest : public testing::Test {
protected:
    HeapTest() : records_(arena_frames) {
        arena = static_cast<u8*>(std::aligned_alloc(4 * mib, arena_frames * frame_size));
        frames_.initialize(records_);
        frames_.add_free_range(PhysicalAddress{0}, PhysicalAddress{arena_frames * frame_size});
    }
    ~HeapTest() override { std::free(arena); }
    HeapTest(const HeapTest&) = delete;
    HeapTest& operator=(const HeapTest&) = delete;

    std::vector<FrameRecord> records_;
    FrameAllocator frames_;
    Heap heap_{frames_, bytes_of, frame_of};
};

TEST_F(HeapTest, AlignsToTheSizeRoundedUpToAPowerOfTwo) {
    for (const usize bytes : {1, 16, 17, 33, 64, 100, 200, 500, 513, 1024, 2048, 2049, 5000}) {
        const auto address = reinterpret_cast<u64>(heap_.allocate(bytes));
        ASSERT_NE(address, 0U);
        usize alignment = 16;
        while (alignment < bytes && alignment < frame_size) {
            alignment *= 2;
        }
        EXPECT_EQ(address % alignment, 0U) << bytes;
    }
}

TEST_F(HeapTest, RefusesWhatNoBlockHolds) {
    EXPECT_EQ(heap_.allocate(4 * mib + 1), nullptr);
    void* largest = heap_.allocate(4 * mib);
    EXPECT_NE(largest, nullptr);
    heap_.release(largest);
    EXPECT_EQ(heap_.bytes_in_use(), 0U);
}

TEST_F(HeapTest, AnswersExhaustionWithNull) {
    while (heap_.allocate(1 * mib) != nullptr) {
    }
    while (heap_.allocate(16) != nullptr) {
    }
    EXPECT_EQ(frames_.free_frames(), 0U);
}

TEST_F(HeapTest, ReusesWhatWasReleased) {
    void* first = heap_.allocate(100);
    heap_.release(first);
    EXPECT_EQ(heap_.allocate(100), first);
}

TEST_F(HeapTest, ReturnsBlocksToTheFrameAllocator) {
    const u64 before = frames_.free_frames();
    void* block = heap_.allocate(3 * frame_size);
    EXPECT_EQ(frames_.free_frames(), before - 4);
    heap_.release(block);
    EXPECT_EQ(frames_.free_frames(), before);
}

TEST_F(HeapTest, StopsAtAPointerThatIsNotItsOwn) {
    const auto foreign = frames_.allocate().value();
    EXPECT_DEATH(heap_.release(bytes_of(foreign)), "size_class < class_count");
}

TEST_F(HeapTest, TrimGivesBackFramesWithoutObjectsAndKeepsTheOthers) {
    std::vector<void*> objects;
    for (int i = 0; i < 1000; ++i) {
        objects.push_back(heap_.allocate(100));
    }
    const u64 used = frames_.free_frames();
    EXPECT_EQ(heap_.objects_in_use().of[3], 1000U) << "of 128 bytes";
    for (int i = 1; i < 1000; ++i) {
        heap_.release(objects[static_cast<usize>(i)]);
    }
    EXPECT_EQ(frames_.free_frames(), used) << "kept for the next objects";
    EXPECT_EQ(heap_.objects_in_use().of[3], 1U);
    EXPECT_GT(heap_.spare_bytes(), 100'000U);
    EXPECT_EQ(heap_.trim(), 31U);
    EXPECT_EQ(frames_.free_frames(), arena_frames - 1);
    EXPECT_EQ(frames_.used_frames().of[static_cast<usize>(FrameUse::Objects)], 1U);
    EXPECT_EQ(heap_.trim(), 0U);
    for (int i = 0; i < 100; ++i) {
        EXPECT_NE(heap_.allocate(100), objects[0]) << "it is in use";
    }
}

/// Objects hold a pattern of their own; any overlap would destroy it.
TEST_F(HeapTest, KeepsObjectsApartUnderRandomUse) {
    struct Object {
        u8* bytes;
        usize size;
        u8 pattern;
    };
    std::mt19937_64 random(7);  // NOLINT: the same sequence every time
    std::vector<Object> objects;
    const auto check = [](const Object& object) {
        for (usize i = 0; i < object.size; ++i) {
            ASSERT_EQ(object.bytes[i], object.pattern);
        }
    };
    for (int step = 0; step < 20000; ++step) {
        if (objects.size() < 300 || random() % 2 == 0) {
            const usize size = 1 + random() % (random() % 8 == 0 ? 20000 : 300);
            auto* bytes = static_cast<u8*>(heap_.allocate(size));
            if (bytes == nullptr) {
                continue;
            }
            const auto pattern = static_cast<u8>(random());
            std::memset(bytes, pattern, size);
            objects.push_back({bytes, size, pattern});
        } else {
            const usize index = random() % objects.size();
            check(objects[index]);
            heap_.release(objects[index].bytes);
            objects[index] = objects.back();
            objects.pop_back();
        }
    }
    for (const auto& object : objects) {
        check(object);
        heap_.release(object.bytes);
    }
    EXPECT_EQ(heap_.bytes_in_use(), 0U);
}

}  // namespace
}  // namespace ringfence::kernel
