// SPDX-License-Identifier: MIT
// Every gap in the differential test is deliberate, explained, and about an instruction that
// exists.
#include "tests/differential/exclusions.h"

#include <gtest/gtest.h>

#include <set>

namespace ringfence::differential {
namespace {

std::string name_of(const ExclusionRow& row) {
    return row.mnemonic == ZYDIS_MNEMONIC_INVALID ? "all" : ZydisMnemonicGetString(row.mnemonic);
}

TEST(Exclusions, EveryRowSaysWhy) {
    for (const ExclusionRow& row : exclusions()) {
        EXPECT_GE(row.reason.size(), 10u) << name_of(row);
        EXPECT_NE(row.reason.find(' '), std::string_view::npos) << name_of(row);
    }
}

TEST(Exclusions, NoRowIsRepeated) {
    std::set<std::tuple<ZydisMnemonic, Exclusion, u64>> seen;
    for (const ExclusionRow& row : exclusions()) {
        EXPECT_TRUE(seen.emplace(row.mnemonic, row.kind, row.argument).second) << name_of(row);
    }
}

TEST(Exclusions, NothingIsComparedPartlyThatIsNotRun) {
    for (const ExclusionRow& row : exclusions()) {
        if (row.kind != Exclusion::Skip && row.mnemonic != ZYDIS_MNEMONIC_INVALID) {
            EXPECT_FALSE(is_excluded(row.mnemonic, Exclusion::Skip)) << name_of(row);
        }
    }
}

TEST(Exclusions, MasksNameBits) {
    for (const ExclusionRow& row : exclusions()) {
        const bool is_mask = row.kind == Exclusion::Flags || row.kind == Exclusion::X87Status;
        EXPECT_EQ(is_mask && row.argument == 0, false) << name_of(row);
    }
}

TEST(Exclusions, ArgumentsOfOneKindAddUp) {
    EXPECT_EQ(excluded(ZYDIS_MNEMONIC_ADD, Exclusion::Flags), 0u);
    EXPECT_FALSE(is_excluded(ZYDIS_MNEMONIC_ADD, Exclusion::Skip));
    EXPECT_TRUE(is_excluded(ZYDIS_MNEMONIC_SYSCALL, Exclusion::Skip));
}

}  // namespace
}  // namespace ringfence::differential
