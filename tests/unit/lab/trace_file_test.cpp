// SPDX-License-Identifier: MIT
#include "lab/machine/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lab/error.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab::machine {
namespace {

using ::testing::HasSubstr;

usize files_in(const std::string& directory) {
    const std::filesystem::directory_iterator files(directory);
    return static_cast<usize>(std::distance(begin(files), end(files)));
}

/// Lines of a run.
void put_some(TraceFile& trace, int lines = 10'000) {
    for (int i = 0; i < lines; ++i) {
        trace.observer().root_write({.old_value = 0x1000, .new_value = 0x2000, .no_flush = false});
    }
}

TEST(TraceFile, AppearsWholeWhenItIsFinished) {
    const testing::ScratchDirectory directory;
    const std::string path = directory / "trace";
    TraceFile trace(path, {});
    put_some(trace);
    EXPECT_FALSE(std::filesystem::exists(path));
    trace.finish();
    const std::string line = "# cr3 0x1000 -> 0x2000\n";
    EXPECT_EQ(std::filesystem::file_size(path), 10'000 * line.size());
    EXPECT_EQ(files_in(directory.path()), 1U) << "and nothing else";
}

TEST(TraceFile, LeavesWhatWasThereIfItIsNot) {
    const testing::ScratchDirectory directory;
    const std::string path = directory.write("trace", "an older one\n");
    {
        TraceFile trace(path, {});
        put_some(trace);
    }
    EXPECT_EQ(std::filesystem::file_size(path), 13U);
    EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(TraceFile, MayGoWhereThereIsNoFile) {
    TraceFile trace("/dev/null", {});
    put_some(trace);
    trace.finish();
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(TraceFile, SaysWhyItCannotBeWritten) {
    try {
        const TraceFile trace("/nothing/there/trace", {});
        FAIL();
    } catch (const LabError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--trace /nothing/there/trace: cannot be written"));
    }
    TraceFile full("/dev/full", {});
    put_some(full, 1);
    EXPECT_THROW(full.finish(), LabError);
}

}  // namespace
}  // namespace ringfence::lab::machine
