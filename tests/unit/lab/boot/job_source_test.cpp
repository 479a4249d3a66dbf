// SPDX-License-Identifier: MIT
#include "lab/boot/job_source.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/linux_session.h"

namespace ringfence::lab::boot {
namespace {

TEST(JobSource, GivesTheSizeAndThenTheArchive) {
    JobSource source("archive");
    std::string bytes;
    while (source.available()) {
        bytes.push_back(static_cast<char>(source.take()));
    }
    abi::linux_session::Job job{};
    ASSERT_EQ(bytes.size(), sizeof job + 7);
    std::memcpy(&job, bytes.data(), sizeof job);
    EXPECT_EQ(job.archive_bytes, 7U);
    EXPECT_EQ(bytes.substr(sizeof job), "archive");
}

TEST(JobSource, MayHaveNothing) {
    EXPECT_FALSE(JobSource(std::nullopt).available());
}

}  // namespace
}  // namespace ringfence::lab::boot
