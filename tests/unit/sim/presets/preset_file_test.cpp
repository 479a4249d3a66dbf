// SPDX-License-Identifier: MIT
// Preset files that are wrong: each error names the file, the line and what was expected.
#include "sim/presets/preset_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace ringfence::sim::presets {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string good() {
    return std::string{preset_text("skylake-sp")};
}

std::string with(std::string_view from, std::string_view to) {
    std::string text = good();
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
    const auto model = parse_preset(text, "mine.toml");
    EXPECT_FALSE(model.ok());
    return model.ok() ? "" : model.error();
}

u64 line_of(std::string_view text, std::string_view what) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string_view::npos);
    return 1 +
           static_cast<u64>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
}

struct Mistake {
    const char* from;
    const char* to;
    const char* where;  ///< text on the line that the message must name
    const char* message;
};

TEST(PresetFile, NamesLineAndKeyOfEachMistake) {
    const Mistake mistakes[] = {
        {"stepping = 4", "steping = 4", "steping", "key 'steping': unknown key"},
        {"family = 6", "family = \"six\"", "family =", "expected an integer from 6 to 255"},
        {"stepping = 4", "stepping = 16", "stepping", "expected an integer from 0 to 15"},
        {"stepping = 4", "stepping = -1", "stepping", "expected an integer from 0 to 15"},
        {"vendor = \"GenuineIntel\"", "vendor = \"Acme\"", "vendor", "expected \"GenuineIntel\""},
        {"\"pcid\",", "\"avx512f\",", "avx512f", "no CPUID feature 'avx512f'"},
        {"rob = [224, \"ORACLE\"]", "rob = 224", "rob =", "expected [number, tag]"},
        {"rob = [224, \"ORACLE\"]", "rob = [224, \"NOBODY\"]",
         "rob =", "tag 'NOBODY' is not explained"},
        {"rob = [224, \"ORACLE\"]", "rob = [-1, \"ORACLE\"]", "rob =", "at least 0"},
        {"rob = [224, \"ORACLE\"]", "rob = [nan, \"ORACLE\"]", "rob =", "at least 0"},
        {"ways = [11, \"OK\"]", "ways = [7, \"OK\"]", "[cache.llc]", "no multiple of ways"},
        {"ways = [11, \"OK\"]", "ways = [0, \"OK\"]", "[cache.llc]", "no multiple of ways"},
        {"dtlb_4k = [64, 4, \"OK\"]", "dtlb_4k = [64, 5, \"OK\"]", "dtlb_4k",
         "positive multiple of the ways"},
        {"dtlb_4k = [64, 4, \"OK\"]", "dtlb_4k = [0, 0, \"OK\"]", "dtlb_4k",
         "positive multiple of the ways"},
        {"meltdown = [true, \"LINUX-CC\"]", "meltdown = [1, \"LINUX-CC\"]",
         "meltdown =", "expected true or false"},
        {"fault_forward = [\"data\", \"OK\"]", "fault_forward = [\"all\", \"OK\"]", "fault_forward",
         "expected \"data\", \"zero\" or \"block\""},
        {"schema = \"ringfence.cpu/1\"", "schema = \"ringfence.cpu/9\"", "", "schema"},
        {"[cache.l2]", "[cache.l9]", "[cache.l9]", "key 'l9': unknown key"},
    };
    for (const Mistake& mistake : mistakes) {
        const std::string text = with(mistake.from, mistake.to);
        const std::string error = error_of(text);
        EXPECT_THAT(error, HasSubstr(mistake.message)) << mistake.to;
        if (*mistake.where != '\0') {
            const std::string prefix =
                "mine.toml:" + std::to_string(line_of(text, mistake.where)) + ": ";
            EXPECT_THAT(error, StartsWith(prefix)) << mistake.to;
        }
    }
}

TEST(PresetFile, NamesTheLineOfASyntaxError) {
    const std::string text = with("[core]", "[core");
    EXPECT_THAT(error_of(text), StartsWith("mine.toml:" + std::to_string(line_of(text, "[core"))));
}

TEST(PresetFile, SurvivesBeingCutAnywhere) {
    const std::string text = good();
    for (usize length = 0; length < text.size(); length += 7) {
        const auto model = parse_preset(text.substr(0, length), "cut.toml");
        if (!model.ok()) {
            EXPECT_THAT(model.error(), StartsWith("cut.toml:"));
        }
    }
}

TEST(PresetFile, BrandStringsThatDoNotFitAreRefused) {
    EXPECT_THAT(error_of(with("brand = \"", "brand = \"0123456789012345678901234567890123456789")),
                HasSubstr("at most 47 characters"));
}

TEST(PresetFile, UnknownNamesListTheKnownOnes) {
    const auto model = find_preset("pentium");
    ASSERT_FALSE(model.ok());
    EXPECT_THAT(model.error(), HasSubstr("unknown CPU 'pentium'"));
    EXPECT_THAT(model.error(), HasSubstr("skylake-sp"));
    EXPECT_THAT(model.error(), HasSubstr("zen4"));
}

TEST(PresetFile, LoadsFromTheHostAndSaysWhenItCannot) {
    const std::string path = ::testing::TempDir() + "/preset_file_test.toml";
    {
        std::ofstream out(path);
        out << good();
    }
    EXPECT_TRUE(load_preset(path).ok());
    std::remove(path.c_str());
    const auto missing = load_preset(path);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error(), path + ": cannot be read");
    EXPECT_FALSE(load_preset(::testing::TempDir()).ok()) << "a directory";
}

TEST(PresetFile, TheDefaultIsBuiltIn) {
    EXPECT_FALSE(preset_text(default_preset).empty());
    EXPECT_TRUE(find_preset(default_preset).ok());
}

}  // namespace
}  // namespace ringfence::sim::presets
