// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/error.h"
#include "lab/prove/mutation_list.h"

namespace ringfence::lab::prove {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
    try {
        static_cast<void>(parse_mutations(text, "mine.toml"));
    } catch (const LabError& error) {
        return error.what();
    }
    return "no error";
}

const std::string good = R"([[mutation]]
name = "one"
meaning = "does something wrong"
history = "none"
breaks = ["I6", "I18"]
command_line = "pti=on"
program = ["kernel_paths", "calls"]
)";

TEST(MutationList, HasWhatItSays) {
    const auto list = parse_mutations(good + R"(cpu = "nehalem"
needs = ["strict"]
)",
                                      "mine.toml");
    ASSERT_EQ(list.size(), 1U);
    const Mutation& mutation = list.front();
    EXPECT_EQ(mutation.name, "one");
    EXPECT_EQ(mutation.meaning, "does something wrong");
    EXPECT_EQ(mutation.history, "none");
    EXPECT_THAT(mutation.breaks, ElementsAre("I6", "I18"));
    EXPECT_EQ(mutation.cpu, "nehalem");
    EXPECT_EQ(mutation.command_line, "pti=on mutation=one");
    EXPECT_THAT(mutation.program, ElementsAre("kernel_paths", "calls"));
    EXPECT_THAT(mutation.needs, ElementsAre("strict"));
}

TEST(MutationList, NeedsNoProcessorAndNoNeeds) {
    const auto list = parse_mutations(good, "mine.toml");
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list.front().cpu, "skylake-sp");
    EXPECT_THAT(list.front().needs, IsEmpty());
}

TEST(MutationList, IsRefusedWithItsLine) {
    EXPECT_THAT(error_of("x ="), StartsWith("mine.toml:1: "));
    EXPECT_THAT(error_of(""), StartsWith("mine.toml: expected [[mutation]]"));
    EXPECT_THAT(error_of(good + "[other]\n"), StartsWith("mine.toml: expected [[mutation]]"));
    EXPECT_THAT(error_of("mutation = [3]\n"), StartsWith("mine.toml:1: expected a [[mutation]]"));
    EXPECT_THAT(error_of("[[mutation]]\nname = \"a\"\n"),
                StartsWith("mine.toml:1: this mutation has no 'meaning'"));
    EXPECT_THAT(error_of(good + "need = []\n"),
                StartsWith("mine.toml:8: unknown key 'need', did you mean 'needs'?"));
    EXPECT_THAT(error_of(good + "needs = [\"strickt\"]\n"),
                StartsWith("mine.toml:8: unknown needs 'strickt', did you mean 'strict'?"));
    EXPECT_THAT(error_of(good + "needs = []\n"), StartsWith("mine.toml:1: 'needs' is empty"));
    EXPECT_THAT(error_of(good + "cpu = 3\n"), StartsWith("mine.toml:8: expected text"));
    std::string wrong_invariant = good;
    wrong_invariant.replace(wrong_invariant.find("I18"), 3, "I25");
    EXPECT_THAT(error_of(wrong_invariant), StartsWith("mine.toml:5: unknown breaks 'I25'"));
    EXPECT_THAT(error_of(good + good), StartsWith("mine.toml:8: a second mutation"));
}

TEST(MutationList, OfTheCommandCanBeRead) {
    EXPECT_FALSE(built_in_mutations().empty());
}

}  // namespace
}  // namespace ringfence::lab::prove
