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
        {"\"xsave\", ", "", "features = [", "key 'features': \"avx\" needs \"xsave\""},
        {"\"avx\", ", "", "features = [", "key 'features': \"avx2\" needs \"avx\""},
        {"clock_hz = [3496000000, \"GREGG\"]", "clock_hz = 3496000000", "clock_hz",
         "expected [value, tag]"},
        {"clock_hz = [3496000000, \"GREGG\"]", "clock_hz = [1, \"GREGG\"]", "clock_hz",
         "a whole number from 100000000 to 20000000000"},
        {"reorder_buffer = [224, \"ORACLE\"]", "", "[core]", "no figure 'core.reorder_buffer'"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_bufer = [224, \"ORACLE\"]", "reorder_bufer",
         "key 'reorder_bufer': unknown key"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = 224", "reorder_buffer",
         "expected [value, tag]"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [224, \"NOBODY\"]",
         "reorder_buffer", "tag 'NOBODY' is not explained"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [224, 3]", "reorder_buffer",
         "the tag of a source as a string"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [-1, \"ORACLE\"]",
         "reorder_buffer", "a whole number from 1 to 4096"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [nan, \"ORACLE\"]",
         "reorder_buffer", "a whole number from 1 to 4096"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [224.5, \"ORACLE\"]",
         "reorder_buffer", "a whole number from 1 to 4096"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [\"224\", \"ORACLE\"]",
         "reorder_buffer", "a whole number from 1 to 4096"},
        {"reorder_buffer = [224, \"ORACLE\"]", "reorder_buffer = [true, \"ORACLE\"]",
         "reorder_buffer", "a whole number from 1 to 4096"},
        {"load_ports = [\"p23\", ", "load_ports = [\"23\", ", "load_ports", "such as \"p0156\""},
        {"load_ports = [\"p23\", ", "load_ports = [\"p22\", ", "load_ports", "such as \"p0156\""},
        {"load_ports = [\"p23\", ", "load_ports = [\"p\", ", "load_ports", "such as \"p0156\""},
        {"load_ports = [\"p23\", ", "load_ports = [12, ", "load_ports", "such as \"p0156\""},
        {"counters = [16384,", "counters = [16000,", "counters =", "expected a power of two"},
        {"target_ways = [4,", "target_ways = [3,", "target_entries",
         "positive multiple of the ways"},
        {"integer = [\"p0156\", 1,", "integer = [\"p0156\", 0,", "integer = [\"p0156\"",
         "key 'integer': expected a whole number from 1 to 1000"},
        {"integer = [\"p0156\", 1, 1, 1,", "integer = [\"p0156\", 1, 1,", "integer = [\"p0156\"",
         "expected [ports, latency, occupancy, micro-operations, tag]"},
        {"bit_scan = [", "bitscan = [", "bitscan", "key 'bitscan': unknown key"},
        {"latency = [4, \"ORACLE\"]", "latency = [0, \"ORACLE\"]", "latency = [0",
         "a whole number from 1 to 10000"},
        {"latency = [14, \"ORACLE\"]", "latency = [4, \"ORACLE\"]",
         "latency = [4, \"ORACLE\"]\nfill_buffers = [16",
         "expected more than the level before it has, 4"},
        {"latency_ns = [80, \"OK\"]", "latency_ns = [19, \"OK\"]", "latency_ns",
         "expected more than the last cache's 68 cycles"},
        {"latency_ns = [80, \"OK\"]", "latency_ns = [inf, \"OK\"]", "latency_ns",
         "expected a number from 1 to 10000"},
        {"ways = [11, \"OK\"]", "ways = [7, \"OK\"]", "kib = [25344", "no multiple of 7 ways"},
        {"ways = [11, \"OK\"]", "ways = [0, \"OK\"]", "ways = [0", "a whole number from 1 to 128"},
        {"inclusive = [false, \"OK\"]", "inclusive = [0, \"OK\"]", "inclusive",
         "expected true or false"},
        {"dtlb_4k = [64, 4, \"OK\"]", "dtlb_4k = [64, 5, \"OK\"]", "dtlb_4k",
         "positive multiple of the ways"},
        {"dtlb_4k = [64, 4, \"OK\"]", "dtlb_4k = [0, 0, \"OK\"]", "dtlb_4k",
         "a whole number from 1 to 1000000"},
        {"dtlb_4k = [64, 4, \"OK\"]", "dtlb_4k = [64, \"OK\"]", "dtlb_4k",
         "expected [entries, ways, tag]"},
        {"dtlb_4k = [64, 4, \"OK\"]", "", "[tlb]", "no figure 'tlb.dtlb_4k.entries'"},
        {"stlb_1g = [16, 4, \"OK\"]", "stlb_4k = [512, 4, \"OK\"]", "stlb_4k = [512",
         "stlb_4k2m holds these pages already"},
        {"stlb_4k2m = [1536, 12, \"WC-SKL\"]", "", "dtlb_4k", "expected stlb_4k or stlb_4k2m"},
        {"[predictor]", "[predicter]", "[predicter]", "key 'predicter': unknown key"},
        {"[translation]\nstlb_hit_extra", "[translation]\nstlb_extra", "stlb_extra",
         "key 'stlb_extra': unknown key"},
        {"meltdown = [true, \"LINUX-CC\"]", "meltdown = [1, \"LINUX-CC\"]",
         "meltdown =", "expected [true or false, tag]"},
        {"meltdown = [true, \"LINUX-CC\"]", "meltdown = [false, \"LINUX-CC\"]",
         "meltdown =", "list \"rdcl_no\" in arch_capabilities"},
        {"meltdown = [true, \"LINUX-CC\"]", "", "[vulnerability]", "no key 'meltdown'"},
        {"fault_forward = [\"data\", \"OK\"]", "fault_forward = [\"all\", \"OK\"]", "fault_forward",
         "expected \"data\", \"zero\" or \"block\""},
        {"fault_forward = [\"data\", \"OK\"]", "fault_forward = [\"zero\", \"OK\"]",
         "fault_forward", "they must agree"},
        {"vendor = \"GenuineIntel\"", "vendor = \"AuthenticAMD\"",
         "meltdown =", "true, but software takes this CPU for safe"},
        {"xend = [25, \"EST\"]", "", "[privileged]", "no figure 'privileged.xend', and \"rtm\""},
        {"syscall_alt = [82, \"OKS\"]", "syscall_alt = [\"82\", \"OKS\"]", "syscall_alt",
         "expected [number, tag]"},
        {"schema = \"ringfence.cpu/2\"", "schema = \"ringfence.cpu/9\"", "", "schema"},
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

TEST(PresetFile, IsAscii) {
    const std::string text = with("[core]", "\xcc\x98 = 1\n[core]");
    EXPECT_EQ(error_of(text), "mine.toml:" + std::to_string(line_of(text, "\xcc\x98")) +
                                  ": a character that is not ASCII");
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

TEST(PresetFile, ThatNeverEndsIsNone) {
    const auto endless = load_preset("/dev/zero");
    ASSERT_FALSE(endless.ok());
    EXPECT_EQ(endless.error(), "/dev/zero: longer than a megabyte, which no preset is");
}

TEST(PresetFile, TheDefaultIsBuiltIn) {
    EXPECT_FALSE(preset_text(default_preset).empty());
    EXPECT_TRUE(find_preset(default_preset).ok());
}

}  // namespace
}  // namespace ringfence::sim::presets
