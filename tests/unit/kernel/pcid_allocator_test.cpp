// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>

#include "kernel_arch/pcid_allocator.h"

namespace ringfence::kernel::arch {
namespace {

constexpr int numbers = PcidAllocator::last - PcidAllocator::first + 1;

TEST(PcidAllocator, NeverCollidesWithinAGeneration) {
    PcidAllocator allocator;
    std::set<u16> used{0};  // reserved for code that knows of no PCIDs
    for (int i = 0; i < numbers; ++i) {
        const auto got = allocator.allocate();
        EXPECT_FALSE(got.flush_everything);
        EXPECT_TRUE(used.insert(PcidAllocator::kernel_pcid(got.context)).second);
        EXPECT_TRUE(used.insert(PcidAllocator::user_pcid(got.context)).second);
    }
    EXPECT_LT(*used.rbegin(), 4096);
}

TEST(PcidAllocator, TellsTheUserTableByBit11) {
    PcidAllocator allocator;
    const PcidContext context = allocator.allocate().context;
    EXPECT_EQ(PcidAllocator::user_pcid(context) ^ PcidAllocator::kernel_pcid(context), 1 << 11);
}

TEST(PcidAllocator, FlushesEverythingBeforeANumberIsUsedAgain) {
    PcidAllocator allocator;
    const PcidContext oldest = allocator.allocate().context;
    for (int i = 1; i < numbers; ++i) {
        EXPECT_FALSE(allocator.allocate().flush_everything);
    }
    const auto reused = allocator.allocate();
    EXPECT_TRUE(reused.flush_everything);
    EXPECT_EQ(reused.context.number, oldest.number);
    EXPECT_FALSE(allocator.valid(oldest));
    EXPECT_TRUE(allocator.valid(reused.context));
}

TEST(PcidAllocator, AFreshContextIsNotValid) {
    EXPECT_FALSE(PcidAllocator{}.valid(PcidContext{}));
}

}  // namespace
}  // namespace ringfence::kernel::arch
