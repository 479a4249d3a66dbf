// SPDX-License-Identifier: MIT
#include "base/bits.h"

#include <gtest/gtest.h>

namespace ringfence {
namespace {

using Middle = Bitfield<12, 8>;

TEST(Bitfield, GetsAndSetsOnlyItsBits) {
    EXPECT_EQ(Middle::mask, 0xff000U);
    EXPECT_EQ(Middle::get(0x1234'5678), 0x45U);
    EXPECT_EQ(Middle::set(0xffff'ffff, 0x12), 0xfff1'2fffU);
    EXPECT_EQ(Middle::make(0x345), 0x45000U) << "bits that do not fit are dropped";
    EXPECT_TRUE(Middle::test(0x1000));
    EXPECT_FALSE(Middle::test(0xfff0'0fff));
}

TEST(Bitfield, MayFillItsWord) {
    using Whole = Bitfield<0, 64>;
    EXPECT_EQ(Whole::mask, ~u64{0});
    EXPECT_EQ(Whole::set(1, 0x8000'0000'0000'0000), 0x8000'0000'0000'0000);
    using Top = Flag<31, u32>;
    EXPECT_EQ(Top::make(1), 0x8000'0000U);
    using Small = Bitfield<4, 4, u8>;
    EXPECT_EQ(Small::set(0x0f, 0xa), 0xaf);
}

TEST(Bits, MasksOfEveryWidth) {
    EXPECT_EQ(low_mask(0), 0U);
    EXPECT_EQ(low_mask(1), 1U);
    EXPECT_EQ(low_mask(63), 0x7fff'ffff'ffff'ffff);
    EXPECT_EQ(low_mask(64), ~u64{0});
    EXPECT_EQ(low_mask<u32>(32), 0xffff'ffffU);
    EXPECT_EQ(bit(63), 0x8000'0000'0000'0000);
}

TEST(Bits, AlignsUpAndDown) {
    EXPECT_EQ(align_down(0x1fff, 0x1000), 0x1000U);
    EXPECT_EQ(align_up(0x1001, 0x1000), 0x2000U);
    EXPECT_EQ(align_up(0x1000, 0x1000), 0x1000U);
    EXPECT_TRUE(is_aligned(0, 0x1000));
    EXPECT_FALSE(is_aligned(0x800, 0x1000));
}

TEST(Bits, SignExtendsFromAnyWidth) {
    EXPECT_EQ(sign_extend(0x0000'8000'0000'0000, 48), 0xffff'8000'0000'0000);
    EXPECT_EQ(sign_extend(0x0000'7fff'ffff'ffff, 48), 0x0000'7fff'ffff'ffffU);
    EXPECT_EQ(sign_extend(0xabcd'7fff'ffff'ffff, 48), 0x0000'7fff'ffff'ffffU);
    EXPECT_EQ(sign_extend(1, 1), ~u64{0});
    EXPECT_EQ(sign_extend(0x8000'0000'0000'0000, 64), 0x8000'0000'0000'0000);
}

}  // namespace
}  // namespace ringfence
