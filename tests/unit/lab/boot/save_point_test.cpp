// SPDX-License-Identifier: MIT
// Where a snapshot is taken, in the user's words.
#include "lab/boot/save_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/error.h"

namespace ringfence::lab::boot {
namespace {

using ::testing::HasSubstr;
using Kind = SavePoint::Kind;

SavePoint parse(const std::string& typed) {
    static const sim::observe::SymbolTable none;
    return SavePoint::parse(typed, []() -> const sim::observe::SymbolTable& { return none; });
}

std::string error_of(const std::string& typed) {
    try {
        (void)parse(typed);
    } catch (const LabError& error) {
        return error.what();
    }
    return {};
}

TEST(SavePoint, IsWhatWasTyped) {
    EXPECT_EQ(parse("INPUT"), SavePoint{.kind = Kind::Input});
    EXPECT_EQ(parse("1000000"), (SavePoint{.kind = Kind::Instructions, .instructions = 1'000'000}));
    EXPECT_EQ(parse("MARK"), SavePoint::at(Until{.any_mark = true}));
    EXPECT_EQ(parse("MARK:3"), SavePoint::at(abi::ProgramMark::Ready));
    EXPECT_EQ(parse("0x1000"), SavePoint::at(Until{.addresses = {VirtualAddress{0x1000}}}));
}

TEST(SavePoint, IsNothingElse) {
    EXPECT_THAT(error_of("MARK:"), HasSubstr("--save-at MARK:: expected a number"));
    EXPECT_THAT(error_of("start_kernel"), HasSubstr("--save-at start_kernel: the kernel has no"));
    EXPECT_THAT(error_of("99999999999999999999"), HasSubstr("expected a number of at most 64"));
    EXPECT_THAT(error_of(""), HasSubstr("--save-at "));
}

}  // namespace
}  // namespace ringfence::lab::boot
