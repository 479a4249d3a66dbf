// SPDX-License-Identifier: MIT
#include "lab/linux_guest/job_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace ringfence::lab::linux_guest {
namespace {

using ::testing::HasSubstr;
namespace session = abi::linux_session;

session::Result result_of(u64 output_bytes, u64 error_bytes) {
    session::Result result{};
    result.output_bytes = output_bytes;
    result.error_bytes = error_bytes;
    return result;
}

/// A sink that was given a result and what follows it.
ResultSink given(session::Result result, std::string_view streams) {
    ResultSink sink;
    std::string bytes(reinterpret_cast<const char*>(&result), sizeof result);
    bytes += streams;
    for (const char byte : bytes) {
        sink.put(static_cast<u8>(byte));
    }
    return sink;
}

TEST(ResultSink, TellsOutputAndErrorApart) {
    session::Result result = result_of(6, 5);
    result.exit_code = 3;
    std::strcpy(result.meltdown, "Mitigation: PTI");
    const auto job = given(result, "outputerror").result();
    ASSERT_TRUE(job.ok()) << job.error();
    EXPECT_EQ(job.value().result.exit_code, 3U);
    EXPECT_EQ(job.value().output, "output");
    EXPECT_EQ(job.value().error, "error");
    EXPECT_STREQ(job.value().result.meltdown, "Mitigation: PTI");
}

TEST(ResultSink, BelievesNoSizeThatIsNotThere) {
    EXPECT_THAT(ResultSink{}.result().error(), HasSubstr("0 bytes for a result, of at least 104"));
    EXPECT_THAT(given(result_of(4, 0), "abc").result().error(),
                HasSubstr("announced 4 and 0 bytes of output, and gave 3"));
    EXPECT_FALSE(given(result_of(1, ~u64{0}), "").result().ok());
    EXPECT_FALSE(given(result_of(~u64{0}, 1), "").result().ok());
    EXPECT_FALSE(given(result_of(0, 0), "more").result().ok());
}

TEST(ResultSink, ATextWithoutAnEndIsCut) {
    session::Result result{};
    std::memset(result.meltdown, 'x', sizeof result.meltdown);
    const auto job = given(result, "").result();
    ASSERT_TRUE(job.ok());
    EXPECT_EQ(std::strlen(job.value().result.meltdown), sizeof result.meltdown - 1);
}

}  // namespace
}  // namespace ringfence::lab::linux_guest
