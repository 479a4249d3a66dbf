// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace ringfence {
namespace {

// What must not compile: the two kinds do not mix, and numbers do not become addresses by
// themselves.
static_assert(!std::is_convertible_v<PhysicalAddress, VirtualAddress>);
static_assert(!std::is_constructible_v<VirtualAddress, PhysicalAddress>);
static_assert(!std::is_convertible_v<u64, PhysicalAddress>);
static_assert(!std::is_convertible_v<PhysicalAddress, u64>);
static_assert(std::is_trivially_copyable_v<PhysicalAddress>);

TEST(Address, ArithmeticIsInBytes) {
    const PhysicalAddress base{0x1000};
    EXPECT_EQ(base + 0x10, PhysicalAddress{0x1010});
    EXPECT_EQ(base - 0x10, PhysicalAddress{0xff0});
    EXPECT_EQ(PhysicalAddress{0x3000} - base, 0x2000U);
    PhysicalAddress moved = base;
    moved += 8;
    EXPECT_EQ(moved.value(), 0x1008U);
}

TEST(Address, OrdersByValue) {
    EXPECT_LT(VirtualAddress{1}, VirtualAddress{2});
    EXPECT_LT(VirtualAddress{1}, VirtualAddress{~u64{0}}) << "addresses have no sign";
}

TEST(Address, Aligns) {
    const VirtualAddress address{0xffff'ffff'ffff'f123};
    EXPECT_EQ(address.align_down(4 * kib), VirtualAddress{0xffff'ffff'ffff'f000});
    EXPECT_EQ(address.offset_in(4 * kib), 0x123U);
    EXPECT_FALSE(address.is_aligned(2));
    EXPECT_EQ(VirtualAddress{0x1001}.align_up(4 * kib), VirtualAddress{0x2000});
}

}  // namespace
}  // namespace ringfence
