// SPDX-License-Identifier: MIT
// Entries of each format against values worked out by hand from the manuals' tables.
#include <gtest/gtest.h>

#include "paging/formats/aarch64_4k.h"
#include "paging/formats/x86_2level.h"
#include "paging/formats/x86_4level.h"
#include "paging/formats/x86_pae.h"

namespace ringfence::paging {
namespace {

constexpr Attributes user_data{.writable = true, .user = true};
constexpr Attributes user_text{.executable = true, .user = true};
constexpr Attributes kernel_text{.executable = true, .global = true};

TEST(X86FourLevelFormat, EncodesPages) {
    using F = X86FourLevel;
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1234'5000}, user_data, 1), 0x8000'0000'1234'5007);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1234'5000}, user_text, 1), 0x0000'0000'1234'5005);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x0020'0000}, kernel_text, 2), 0x0000'0000'0020'0181);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x4000'0000}, {.writable = true}, 3),
              0x8000'0000'4000'0083);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0xfee0'0000},
                           {.writable = true, .memory_type = MemoryType::Device}, 1),
              0x8000'0000'fee0'001b);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1000}, {.software = 5}, 1), 0x8000'0000'0000'1a01);
    EXPECT_EQ(F::make_table(PhysicalAddress{0x7000}, 4), 0x7007U);
}

TEST(X86FourLevelFormat, DecodesPages) {
    using F = X86FourLevel;
    const Attributes text = F::attributes(0x0000'0000'1234'5065, 1);
    EXPECT_EQ(text, user_text);
    EXPECT_TRUE(F::accessed(0x1234'5065) && F::dirty(0x1234'5065));
    EXPECT_FALSE(F::accessed(0x1234'5045) || F::dirty(0x1234'5025));
    EXPECT_EQ(F::unused(0x1234'5067), 0x1234'5007U);
    EXPECT_EQ(F::leaf(0x800f'ffff'ffe0'0083, 2), PhysicalAddress{0x000f'ffff'ffe0'0000});
    EXPECT_EQ(F::leaf(0x8000'0000'4000'1083, 3), PhysicalAddress{0x4000'0000}) << "bit 12 is PAT";
    EXPECT_FALSE(F::is_leaf(0x1087, 4)) << "bit 7 is no page size at the root";
    EXPECT_FALSE(F::present(0xffff'ffff'ffff'fffe));
}

TEST(X86FourLevelFormat, KnowsCanonicalAddresses) {
    EXPECT_TRUE(X86FourLevel::canonical(VirtualAddress{0x0000'7fff'ffff'ffff}));
    EXPECT_FALSE(X86FourLevel::canonical(VirtualAddress{0x0000'8000'0000'0000}));
    EXPECT_FALSE(X86FourLevel::canonical(VirtualAddress{0xffff'7fff'ffff'ffff}));
    EXPECT_TRUE(X86FourLevel::canonical(VirtualAddress{0xffff'8000'0000'0000}));
    EXPECT_TRUE(X86FiveLevel::canonical(VirtualAddress{0x0000'8000'0000'0000}));
    EXPECT_TRUE(X86FiveLevel::canonical(VirtualAddress{0x00ff'ffff'ffff'ffff}));
    EXPECT_FALSE(X86FiveLevel::canonical(VirtualAddress{0x0100'0000'0000'0000}));
}

TEST(X86TwoLevelFormat, EncodesPages) {
    using F = X86TwoLevel;
    const Attributes data{.writable = true, .executable = true, .user = true};
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1234'5000}, data, 1), 0x1234'5007U);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x0040'0000}, kernel_text, 2), 0x0040'0181U);
    EXPECT_EQ(F::attributes(0x1234'5007, 1), data);
    EXPECT_EQ(F::leaf(0x0040'2081, 2), PhysicalAddress{0x1'0040'0000}) << "PSE-36: bit 13 is 32";
    EXPECT_FALSE(F::supports(user_data)) << "no-execute cannot be said";
    EXPECT_FALSE(F::canonical(VirtualAddress{0x1'0000'0000}));
}

TEST(X86PaeFormat, RootEntriesHaveNoRights) {
    using F = X86Pae;
    EXPECT_EQ(F::make_table(PhysicalAddress{0x7000}, 3), 0x7001U);
    EXPECT_EQ(F::make_table(PhysicalAddress{0x7000}, 2), 0x7007U);
    EXPECT_EQ(F::table_limit(0x7001, 3), no_limit);
    EXPECT_FALSE(F::is_leaf(0x7081, 3));
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0xf'0020'0000}, user_data, 2), 0x8000'000f'0020'0087);
    EXPECT_FALSE(F::leaf_allowed(3));
    EXPECT_FALSE(F::canonical(VirtualAddress{0x1'0000'0000}));
}

TEST(Aarch64Format, EncodesPages) {
    using F = Aarch64Ttbr0;
    // Valid, page, AttrIndx 0, AP[1], inner shareable, AF, nG; PXN and UXN.
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1234'5000}, user_data, 1), 0x0060'0000'1234'5f43);
    // As above, read-only (AP = 11) and executable at EL0 only.
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x1234'5000}, user_text, 1), 0x0020'0000'1234'5fc3);
    // Block, AP = 10, global, executable at EL1 only.
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x0020'0000}, kernel_text, 2), 0x0040'0000'0020'0781);
    EXPECT_EQ(F::make_leaf(PhysicalAddress{0x4000'0000},
                           {.writable = true, .memory_type = MemoryType::Device}, 3),
              0x0060'0000'4000'0f0d);
    EXPECT_EQ(F::make_table(PhysicalAddress{0x7000}, 4), 0x7003U);
}

TEST(Aarch64Format, DecodesWhatItEncodes) {
    using F = Aarch64Ttbr1;
    for (const Attributes& attributes : {user_data, user_text, kernel_text, Attributes{},
                                         Attributes{.writable = true, .software = 7}}) {
        for (const unsigned level : {1U, 2U, 3U}) {
            const auto word = F::make_leaf(PhysicalAddress{0x4000'0000}, attributes, level);
            EXPECT_EQ(F::attributes(word, level), attributes);
            EXPECT_TRUE(F::present(word) && F::is_leaf(word, level) && F::accessed(word));
            EXPECT_EQ(F::leaf(word, level), PhysicalAddress{0x4000'0000});
        }
    }
}

TEST(Aarch64Format, EachRootTranslatesItsHalf) {
    EXPECT_TRUE(Aarch64Ttbr0::canonical(VirtualAddress{0x0000'ffff'ffff'ffff}));
    EXPECT_FALSE(Aarch64Ttbr0::canonical(VirtualAddress{0x0001'0000'0000'0000}));
    EXPECT_FALSE(Aarch64Ttbr0::canonical(VirtualAddress{0xffff'0000'0000'0000}));
    EXPECT_TRUE(Aarch64Ttbr1::canonical(VirtualAddress{0xffff'0000'0000'0000}));
    EXPECT_FALSE(Aarch64Ttbr1::canonical(VirtualAddress{0}));
}

TEST(Aarch64Format, OnlyPermissionsChangeWithoutABreak) {
    using F = Aarch64Ttbr0;
    const auto page = F::make_leaf(PhysicalAddress{0x1000}, user_data, 1);
    const auto with = [](Attributes attributes) {
        return F::make_leaf(PhysicalAddress{0x1000}, attributes, 1);
    };
    EXPECT_FALSE(F::needs_break(page, with(user_text), 1));
    EXPECT_TRUE(F::needs_break(page, with({.writable = true, .user = true, .global = true}), 1));
    EXPECT_TRUE(F::needs_break(
        page, with({.writable = true, .user = true, .memory_type = MemoryType::Device}), 1));
    EXPECT_TRUE(F::needs_break(page, F::make_leaf(PhysicalAddress{0x2000}, user_data, 1), 1));
    EXPECT_FALSE(F::needs_break(page, 0, 1));
    EXPECT_FALSE(F::needs_break(0, page, 1));
}

TEST(Geometry, FindsTheLargestPageThatIsAllowed) {
    EXPECT_EQ(leaf_level_for<X86FourLevel>(4 * kib), 1U);
    EXPECT_EQ(leaf_level_for<X86FourLevel>(2 * mib), 2U);
    EXPECT_EQ(leaf_level_for<X86FourLevel>(gib - 1), 2U);
    EXPECT_EQ(leaf_level_for<X86FourLevel>(gib), 3U);
    EXPECT_EQ(leaf_level_for<X86FourLevel>(~u64{0}), 3U);
    EXPECT_EQ(leaf_level_for<X86Pae>(~u64{0}), 2U);
    EXPECT_EQ(leaf_level_for<X86TwoLevel>(2 * mib), 1U);
    EXPECT_EQ(leaf_level_for<X86TwoLevel>(4 * mib), 2U);
}

}  // namespace
}  // namespace ringfence::paging
