// SPDX-License-Identifier: MIT
#include "lab/missing_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string with_nul(const std::string& path) {
    return path + std::string(1, '\0');
}

TEST(MissingFiles, AreNamedOnceIfTheHostHasThem) {
    const testing::ScratchDirectory directory;
    const std::string here = directory.write("here", "");
    const std::string line = explain_missing_files(
        with_nul(here) + with_nul(directory / "nowhere") + with_nul(here) + with_nul("/proc/self"));
    EXPECT_THAT(line, HasSubstr("looked for " + here + ", which this host has"));
    EXPECT_THAT(line, Not(HasSubstr("nowhere")));
    EXPECT_THAT(line, Not(HasSubstr("/proc")));
}

TEST(MissingFiles, AreCountedBeyondAFew) {
    const testing::ScratchDirectory directory;
    std::string paths;
    for (int i = 0; i < 7; ++i) {
        paths += with_nul(directory.write("file" + std::to_string(i), ""));
    }
    const std::string line = explain_missing_files(paths);
    EXPECT_THAT(line, HasSubstr("file4 and 2 more files, which"));
    EXPECT_THAT(line, Not(HasSubstr("file5")));
}

TEST(MissingFiles, OfTheGuestAloneAreNoReason) {
    EXPECT_EQ(explain_missing_files(""), "");
    EXPECT_EQ(explain_missing_files(with_nul("/no/such/file")), "");
    EXPECT_EQ(explain_missing_files("cut off without a NUL"), "");
}

}  // namespace
}  // namespace ringfence::lab
