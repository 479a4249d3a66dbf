// SPDX-License-Identifier: MIT
#include "audit/manifest.h"

#include <gtest/gtest.h>

#include "tests/unit/audit/sample_manifest.h"

namespace ringfence::audit {
namespace {

TEST(Manifest, FindsThePartThatHoldsAnAddress) {
    const Manifest manifest = sample_manifest();
    EXPECT_EQ(manifest.find(text_page)->name, "text");
    EXPECT_EQ(manifest.find(text_page + (page_bytes - 1))->name, "text");
    EXPECT_EQ(manifest.find(text_page + page_bytes), nullptr);
    EXPECT_EQ(manifest.find(text_page - 1), nullptr);
    EXPECT_EQ(manifest.find(VirtualAddress{0}), nullptr);
}

TEST(Manifest, ReachesOneAddressBeyondAPart) {
    const Manifest manifest = sample_manifest();
    EXPECT_TRUE(manifest.reaches(text_page));
    EXPECT_FALSE(manifest.reaches(text_page - 1));
    const Part* const last = &manifest.parts.back();
    EXPECT_TRUE(manifest.reaches(last->start + last->bytes));
    EXPECT_FALSE(manifest.reaches(last->start + last->bytes + 1));
}

TEST(Manifest, PrivateFramesAreMetByAnyOverlap) {
    const Manifest manifest = sample_manifest();
    const PhysicalAddress start{0x20'0000};
    EXPECT_EQ(manifest.find_private(start - page_bytes, page_bytes), nullptr);
    EXPECT_NE(manifest.find_private(start - page_bytes, page_bytes + 1), nullptr);
    EXPECT_NE(manifest.find_private(PhysicalAddress{0}, 1 * gib), nullptr);
    EXPECT_EQ(manifest.find_private(start + 0x10'0000, page_bytes), nullptr);
}

TEST(Manifest, RootsOfAPairDifferInOneBit) {
    Manifest manifest = sample_manifest();
    const PhysicalAddress kernel_root{0x40'0000};
    const PhysicalAddress user_root{0x40'1000};
    EXPECT_TRUE(manifest.is_user_root(user_root));
    EXPECT_FALSE(manifest.is_user_root(kernel_root));
    EXPECT_EQ(manifest.kernel_root_of(user_root), kernel_root);
    EXPECT_EQ(manifest.kernel_root_of(kernel_root), std::nullopt);
    manifest.pair_bit = 0;
    EXPECT_TRUE(manifest.is_user_root(kernel_root));
    EXPECT_EQ(manifest.kernel_root_of(user_root), std::nullopt);
}

}  // namespace
}  // namespace ringfence::audit
