// SPDX-License-Identifier: MIT
#include "lab/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "lab/error.h"

namespace ringfence::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Parsed {
    GuestOptions options;
    std::vector<std::string> program;
};

Parsed parse(const std::vector<std::string>& arguments) {
    Parsed parsed;
    CLI::App app("test", "test");
    add_guest_options(app, parsed.options);
    EXPECT_FALSE(parse_arguments(app, arguments, parsed.program));
    return parsed;
}

std::string error_of(const std::vector<std::string>& arguments) {
    try {
        parse(arguments);
    } catch (const LabError& error) {
        EXPECT_EQ(error.failure(), Failure::Usage);
        return error.what();
    }
    return "no error";
}

TEST(CommandLine, ProgramBeginsAfterTheSeparator) {
    const Parsed parsed = parse({"--memory", "64", "--", "--memory", "--", "x"});
    EXPECT_EQ(parsed.options.memory_mib, 64U);
    EXPECT_THAT(parsed.program, ElementsAre("--memory", "--", "x"));
}

TEST(CommandLine, ProgramBeginsAtTheFirstWordThatIsNoOption) {
    const Parsed parsed = parse({"--quiet", "--env=A=--", "sh", "-c", "--quiet", "--", "x"});
    EXPECT_TRUE(parsed.options.quiet);
    EXPECT_THAT(parsed.options.guest.environment, ElementsAre("A=--"));
    EXPECT_THAT(parsed.program, ElementsAre("sh", "-c", "--quiet", "--", "x"));
}

TEST(CommandLine, ListOptionsAddUpAndTakeOneValueEach) {
    const Parsed parsed = parse({"--root", "a", "--root", "b", "prog", "c"});
    EXPECT_THAT(parsed.options.guest.roots, ElementsAre("a", "b"));
    EXPECT_THAT(parsed.program, ElementsAre("prog", "c"));
}

TEST(CommandLine, NothingIsNoProgram) {
    EXPECT_THAT(parse({}).program, IsEmpty());
    EXPECT_THAT(parse({"--"}).program, IsEmpty());
}

TEST(CommandLine, MistakesAreExplained) {
    EXPECT_THAT(error_of({"--machin", "qemu"}), HasSubstr("did you mean '--machine'?"));
    EXPECT_THAT(error_of({"--xyzzyplugh"}), HasSubstr("unknown option --xyzzyplugh"));
    EXPECT_THAT(error_of({"--machine", "qem"}), HasSubstr("did you mean 'qemu'?"));
    EXPECT_THAT(error_of({"--memory", "3"}), HasSubstr("--memory"));
    EXPECT_THAT(error_of({"--memory", "much"}), HasSubstr("--memory"));
    EXPECT_THAT(error_of({"--memory"}), HasSubstr("a value must follow"));
    EXPECT_THAT(error_of({"--timeout", "-1"}), HasSubstr("--timeout"));
    EXPECT_THAT(error_of({"--quiet=yes"}), HasSubstr("takes no value"));
}

TEST(NearestName, FindsSlipsButDoesNotGuess) {
    const std::vector<std::string> names = {"run", "compare", "attack"};
    EXPECT_EQ(nearest_name("compar", names), "compare");
    EXPECT_EQ(nearest_name("ocmpare", names), "compare");
    EXPECT_EQ(nearest_name("rnu", names), "run");
    EXPECT_EQ(nearest_name("xyz", names), std::nullopt);
    EXPECT_EQ(nearest_name("", names), std::nullopt);
}

}  // namespace
}  // namespace ringfence::lab
