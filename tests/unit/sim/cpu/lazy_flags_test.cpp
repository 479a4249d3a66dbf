// SPDX-License-Identifier: MIT
#include "sim/cpu/lazy_flags.h"

#include <gtest/gtest.h>

namespace ringfence::sim::cpu {
namespace {

using arch::x86::Rflags;

/// All 64 combinations, including those that no result has (ZF with SF).
TEST(LazyFlags, holds_every_combination) {
    constexpr u64 masks[] = {Rflags::cf.mask, Rflags::pf.mask, Rflags::af.mask,
                             Rflags::zf.mask, Rflags::sf.mask, Rflags::of.mask};
    for (unsigned combination = 0; combination < 64; ++combination) {
        u64 image = 0;
        for (unsigned i = 0; i < 6; ++i) {
            image |= (combination >> i & 1) != 0 ? masks[i] : 0;
        }
        LazyFlags flags;
        flags.load(image);
        EXPECT_EQ(flags.to_rflags(), image);
        EXPECT_EQ(flags.less(), flags.sf() != flags.of());
        flags.set_cf(!flags.cf());
        EXPECT_EQ(flags.to_rflags(), image ^ Rflags::cf.mask);
        flags.set_zf(!flags.zf());
        EXPECT_EQ(flags.to_rflags(), image ^ Rflags::cf.mask ^ Rflags::zf.mask);
    }
}

/// Every sum of two bytes, against the definitions.
TEST(LazyFlags, agrees_with_the_definition_of_each_flag) {
    for (unsigned left = 0; left < 256; ++left) {
        for (unsigned right = 0; right < 256; ++right) {
            const auto a = static_cast<u8>(left);
            const auto b = static_cast<u8>(right);
            const auto sum = static_cast<u8>(a + b);
            LazyFlags flags;
            flags.set_arithmetic<u8>(sum, static_cast<u8>((a & b) | ((a | b) & ~sum)));
            const int exact = static_cast<i8>(a) + static_cast<i8>(b);
            EXPECT_EQ(flags.cf(), left + right > 255);
            EXPECT_EQ(flags.of(), exact != static_cast<i8>(exact));
            EXPECT_EQ(flags.af(), (left & 15) + (right & 15) > 15);
            EXPECT_EQ(flags.zf(), sum == 0);
            EXPECT_EQ(flags.sf(), sum > 127);
            EXPECT_EQ(flags.pf(), __builtin_popcount(sum) % 2 == 0);
            EXPECT_EQ(flags.less(), exact < 0);
        }
    }
}

}  // namespace
}  // namespace ringfence::sim::cpu
