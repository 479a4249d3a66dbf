// SPDX-License-Identifier: MIT
#include "lab/guest_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/address.h"
#include "lab/error.h"

namespace ringfence::lab {
namespace {

using ::testing::HasSubstr;

constexpr auto in_place = FilesInMemory::InPlace;
constexpr auto copied = FilesInMemory::Copied;

TEST(GuestMemory, IsTheUsualAsLongAsFilesLeaveRoom) {
    EXPECT_EQ(guest_memory_mib({}, 0, in_place), default_memory_mib);
    EXPECT_EQ(guest_memory_mib({}, 128 * mib, in_place), default_memory_mib);
    EXPECT_EQ(guest_memory_mib({}, 128 * mib + 1, in_place), 320U);
    EXPECT_EQ(guest_memory_mib({}, 64 * mib, copied), default_memory_mib);
    EXPECT_EQ(guest_memory_mib({}, 65 * mib, copied), 320U) << "Linux has them twice";
}

TEST(GuestMemory, IsWhatTheUserSays) {
    EXPECT_EQ(guest_memory_mib(32, 16 * mib, in_place), 32U);
    EXPECT_EQ(guest_memory_mib(2048, 16 * mib, in_place), 2048U);
}

std::string complaint(std::optional<u64> asked_for, u64 archive_bytes) {
    try {
        (void)guest_memory_mib(asked_for, archive_bytes, in_place);
    } catch (const LabError& error) {
        return error.what();
    }
    return "none";
}

TEST(GuestMemory, ThatFilesDoNotFitIsSaidWithWhatTheyWant) {
    EXPECT_THAT(complaint(64, 49 * mib), HasSubstr("take 49 of --memory 64 MiB"));
    EXPECT_THAT(complaint(64, 49 * mib), HasSubstr("they get 256 MiB"));
    EXPECT_EQ(complaint(64, 48 * mib), "none");
    EXPECT_THAT(complaint({}, 3 * gib), HasSubstr("at most 3072 MiB"));
}

}  // namespace
}  // namespace ringfence::lab
