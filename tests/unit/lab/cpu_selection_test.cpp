// SPDX-License-Identifier: MIT
#include "lab/cpu_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/error.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const CpuOptions& options) {
    try {
        (void)select_cpus(options);
    } catch (const LabError& error) {
        EXPECT_EQ(error.failure(), Failure::Usage);
        return error.what();
    }
    return "";
}

class CpuFile : public ::testing::Test {
protected:
    /// A preset file that is the default one under another name, with `from` replaced by `to`.
    std::string write(const std::string& name, const std::string& from = "",
                      const std::string& to = "") {
        std::string text{sim::presets::preset_text(sim::presets::default_preset)};
        const std::string old = "name = \"skylake-sp\"";
        text.replace(text.find(old), old.size(), "name = \"" + name + "\"");
        if (!from.empty()) {
            text.replace(text.find(from), from.size(), to);
        }
        return directory_.write(name + ".toml", text);
    }

    testing::ScratchDirectory directory_;
};

TEST(CpuSelection, NamesAreInTheirOrderAndTheDefaultIsOnePreset) {
    EXPECT_THAT(select_cpus({}).names(), ElementsAre("skylake-sp"));
    const CpuSelection two = select_cpus({.names = {"zen2", "nehalem"}});
    EXPECT_THAT(two.names(), ElementsAre("zen2", "nehalem"));
    EXPECT_TRUE(two.built_in());
    EXPECT_EQ(two.model("zen2").name(), "zen2");
}

TEST(CpuSelection, UnknownNamesComeWithTheNearestOne) {
    EXPECT_THAT(error_of({.names = {"skylake-ps"}}), HasSubstr("did you mean 'skylake-sp'?"));
    EXPECT_THROW((void)CpuSelection{}.model("pentium"), LabError);
}

TEST(CpuSelection, OverridesChangeEveryChosenProcessor) {
    const CpuSelection selection =
        select_cpus({.names = {"skylake-sp", "haswell"}, .what_if = {"root-write=3", "pcid=off"}});
    for (const std::string& name : selection.names()) {
        EXPECT_EQ(selection.model(name).figures().at("privileged.cr3_write"), 3) << name;
    }
    EXPECT_THAT(selection.what_if(), ElementsAre("root-write=3", "pcid=off"));
    EXPECT_FALSE(selection.built_in());
}

TEST(CpuSelection, OverridesThatMakeNoSenseAreRefused) {
    EXPECT_THAT(error_of({.what_if = {"cr3_write"}}), HasSubstr("expected KEY=VALUE"));
    EXPECT_THAT(error_of({.what_if = {"cr3_wirte=0"}}),
                HasSubstr("--what-if on skylake-sp: no figure 'cr3_wirte', did you mean "
                          "'cr3_write'?"));
    EXPECT_THAT(error_of({.what_if = {"cr3_write=fast"}}),
                HasSubstr("privileged.cr3_write: expected a whole number"));
    EXPECT_THAT(error_of({.what_if = {"cr3_write=1=2"}}), HasSubstr("not '1=2'"));
}

TEST_F(CpuFile, IsAProcessorUnderThePresetsName) {
    const CpuSelection selection =
        select_cpus({.files = {write("mine", "reorder_buffer = [224", "reorder_buffer = [99")}});
    EXPECT_THAT(selection.names(), ElementsAre("mine"));
    EXPECT_EQ(selection.model("mine").figures().at("core.reorder_buffer"), 99);
    EXPECT_FALSE(selection.built_in());
}

TEST_F(CpuFile, ComesAfterTheNamedOnes) {
    EXPECT_THAT(select_cpus({.names = {"zen4"}, .files = {write("mine")}}).names(),
                ElementsAre("zen4", "mine"));
}

TEST_F(CpuFile, MistakesAreNamedWithFileAndLine) {
    const std::string path = write("mine", "reorder_buffer = [224", "reorder_buffer = [0");
    EXPECT_THAT(error_of({.files = {path}}), AllOf(HasSubstr("--cpu-file " + path + ":"),
                                                   HasSubstr(": key 'reorder_buffer': expected")));
    EXPECT_THAT(error_of({.files = {path + ".not"}}), HasSubstr("cannot be read"));
}

TEST_F(CpuFile, TwoProcessorsOfOneNameAreRefused) {
    EXPECT_THAT(error_of({.names = {"skylake-sp"}, .files = {write("skylake-sp")}}),
                HasSubstr("two processors are called 'skylake-sp'"));
}

TEST(CpuSelection, AVerbForOneProcessorRefusesTwo) {
    EXPECT_THROW((void)select_cpu({.names = {"zen2", "zen4"}}, "run"), LabError);
    EXPECT_THAT(select_cpu({.names = {"zen2"}}, "run").names(), ElementsAre("zen2"));
}

}  // namespace
}  // namespace ringfence::lab
