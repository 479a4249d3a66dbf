// SPDX-License-Identifier: MIT
#include "sim/memory/ram_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/memory/physical_memory.h"

namespace ringfence::sim::memory {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

PhysicalMemory make(u64 bytes, const RamImage* image = nullptr) {
    return PhysicalMemory::create(bytes, image).value();
}
RamImage capture(const PhysicalMemory& memory) {
    auto image = memory.capture();
    EXPECT_TRUE(image.ok());
    return std::move(image).value();
}

TEST(RamImage, HoldsTheChunksThatAreNotZero) {
    PhysicalMemory memory = make(4 * mib);
    memory.write<u8>(PhysicalAddress{0}, 1);
    memory.write<u8>(PhysicalAddress{3 * RamImage::chunk_bytes - 1}, 2);
    memory.write<u64>(PhysicalAddress{4 * mib - 8}, 3);
    memory.write<u64>(PhysicalAddress{2 * mib}, 4);
    memory.write<u64>(PhysicalAddress{2 * mib}, 0);
    const RamImage image = capture(memory);
    EXPECT_THAT(image.chunks(), ElementsAre(0, 2, 63));
    std::vector<u8> bytes(RamImage::chunk_bytes);
    ASSERT_TRUE(image.get(2, bytes));
    EXPECT_EQ(bytes.back(), 2);
    bytes.pop_back();
    EXPECT_THAT(bytes, Each(0));
}

TEST(RamImage, IsSharedByMachinesThatKeepTheirWritesToThemselves) {
    PhysicalMemory memory = make(4 * mib);
    memory.write<u64>(PhysicalAddress{0x1000}, 7);
    const RamImage image = capture(memory);
    memory.write<u64>(PhysicalAddress{0x1000}, 8);
    PhysicalMemory first = make(4 * mib, &image);
    PhysicalMemory second = make(4 * mib, &image);
    EXPECT_EQ(first.read<u64>(PhysicalAddress{0x1000}), 7U);
    EXPECT_EQ(first.read<u64>(PhysicalAddress{0x2'0000}), 0U);
    first.write<u64>(PhysicalAddress{0x1000}, 9);
    first.write<u64>(PhysicalAddress{0x2'0000}, 10);
    EXPECT_EQ(second.read<u64>(PhysicalAddress{0x1000}), 7U);
    EXPECT_EQ(second.read<u64>(PhysicalAddress{0x2'0000}), 0U);
    EXPECT_EQ(make(4 * mib, &image).read<u64>(PhysicalAddress{0x1000}), 7U);
}

TEST(RamImage, OfAMachineThatCameFromOneIsWholeAgain) {
    PhysicalMemory memory = make(4 * mib);
    memory.write<u64>(PhysicalAddress{0x1000}, 7);
    memory.write<u64>(PhysicalAddress{0x10'0000}, 8);
    const RamImage image = capture(memory);
    PhysicalMemory copy = make(4 * mib, &image);
    copy.write<u64>(PhysicalAddress{0x10'0000}, 0);
    copy.write<u64>(PhysicalAddress{0x20'0000}, 9);
    const RamImage again = capture(copy);
    EXPECT_THAT(again.chunks(), ElementsAre(0, 32));
    PhysicalMemory last = make(4 * mib, &again);
    EXPECT_EQ(last.read<u64>(PhysicalAddress{0x1000}), 7U);
    EXPECT_EQ(last.read<u64>(PhysicalAddress{0x20'0000}), 9U);
}

TEST(RamImage, EndsWithRamWhereThatIsNoWholeChunk) {
    constexpr u64 size = 1 * mib + 12 * kib;
    PhysicalMemory memory = make(size);
    memory.write<u64>(PhysicalAddress{size - 8}, 5);
    const RamImage image = capture(memory);
    EXPECT_EQ(image.size_of(image.chunk_count() - 1), 12 * kib);
    EXPECT_EQ(make(size, &image).read<u64>(PhysicalAddress{size - 8}), 5U);
}

TEST(RamImage, ReachesAboveFourGibibytes) {
    constexpr u64 size = 5 * gib;
    PhysicalMemory memory = make(size);
    const PhysicalAddress high{RamLayout::high_start + 1 * gib};
    memory.write<u64>(high, 6);
    const RamImage image = capture(memory);
    EXPECT_EQ(image.chunks().size(), 1U);
    EXPECT_EQ(make(size, &image).read<u64>(high), 6U);
}

TEST(RamImage, MayBeFullOfHoles) {
    PhysicalMemory memory = make(256 * mib);
    for (u64 at = 1 * mib; at < 256 * mib; at += 2 * RamImage::chunk_bytes) {
        memory.write<u64>(PhysicalAddress{at}, at);
    }
    const RamImage image = capture(memory);
    PhysicalMemory copy = make(256 * mib, &image);
    for (u64 at = 1 * mib; at < 256 * mib; at += 2 * RamImage::chunk_bytes) {
        ASSERT_EQ(copy.read<u64>(PhysicalAddress{at}), at);
        ASSERT_EQ(copy.read<u64>(PhysicalAddress{at + RamImage::chunk_bytes}), 0U);
    }
}

}  // namespace
}  // namespace ringfence::sim::memory
