// SPDX-License-Identifier: MIT
#include "sim/presets/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"

namespace ringfence::sim::presets {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace feature = arch::x86::cpuid_feature;
using timing::Event;

class WhatIf : public ::testing::Test {
protected:
    [[nodiscard]] CpuModel with(const std::vector<Override>& overrides) const {
        auto changed = with_overrides(cpu_, overrides);
        EXPECT_TRUE(changed.ok()) << (changed.ok() ? "" : changed.error().message);
        return std::move(changed).value();
    }
    [[nodiscard]] OverrideError error(const std::vector<Override>& overrides) const {
        const auto changed = with_overrides(cpu_, overrides);
        EXPECT_FALSE(changed.ok());
        return changed.ok() ? OverrideError{} : changed.error();
    }

    CpuModel cpu_ = find_preset("skylake-sp").value();
};

TEST_F(WhatIf, AFigureIsNamedByItsPathOrByAnEndingOfIt) {
    for (const char* const key :
         {"privileged.cr3_write", "cr3_write", "cr3-write", "root-write", "root_write"}) {
        EXPECT_EQ(timing_parameters(with({{key, "7"}})).cost_of(Event::RootWrite), 7U) << key;
    }
    EXPECT_EQ(timing_parameters(with({{"l1d.latency", "6"}})).hierarchy.l1d.latency, 6U);
}

TEST_F(WhatIf, OnlyTheNamedFigureChanges) {
    const CpuModel changed = with({{"reorder_buffer", "512"}});
    Figures expected = cpu_.figures();
    expected.values["core.reorder_buffer"] = {512, std::string{override_source}};
    EXPECT_EQ(changed.figures().values, expected.values);
    EXPECT_EQ(changed.description().features.size(), cpu_.description().features.size());
}

TEST_F(WhatIf, KindsAreWrittenAsInPresetFiles) {
    const auto parameters = timing_parameters(with(
        {{"fault_forward", "zero"}, {"load_ports", "p2"}, {"streamer", "off"}, {"gap_ns", "0.5"}}));
    EXPECT_EQ(parameters.transience.supervisor_page, timing::Forward::Zero);
    EXPECT_EQ(parameters.core.load_ports, 0b100U);
    EXPECT_FALSE(parameters.hierarchy.streamer);
    EXPECT_EQ(parameters.hierarchy.memory_gap, 2U);
}

TEST_F(WhatIf, TheClockChangesForSoftwareToo) {
    const CpuModel changed = with({{"clock_hz", "2000000000"}});
    EXPECT_EQ(changed.clock_hz(), 2'000'000'000U);
    EXPECT_EQ(timing_parameters(changed).clock_hz, 2'000'000'000U);
    const auto leaf = changed.cpuid(0x15, 0);
    EXPECT_EQ(u64{leaf.ecx} * leaf.ebx / leaf.eax, 2'000'000'000U);
}

TEST_F(WhatIf, InfiniteTlbsHoldEveryPageOfAnOrdinaryProgram) {
    const auto before = timing_parameters(cpu_).translation;
    const auto after = timing_parameters(with({{"tlb", "infinite"}})).translation;
    for (const auto tlb : {after.itlb_4k, after.itlb_2m, after.dtlb_4k, after.dtlb_2m,
                           after.dtlb_1g, after.stlb_4k, after.stlb_1g}) {
        EXPECT_GE(tlb.sets * tlb.ways, 65536U);
    }
    EXPECT_EQ(after.stlb_shared, before.stlb_shared);
    EXPECT_EQ(after.pde.sets, before.pde.sets) << "no TLB";
}

TEST_F(WhatIf, PcidOffHidesBothFeaturesFromSoftware) {
    const CpuModel changed = with({{"pcid", "off"}});
    EXPECT_FALSE(changed.has(feature::pcid));
    EXPECT_FALSE(changed.has(feature::invpcid));
    EXPECT_EQ(changed.figures().values, cpu_.figures().values);
}

TEST_F(WhatIf, NestedPutsAHypervisorsTablesBelow) {
    EXPECT_EQ(timing_parameters(cpu_).translation.nested_page_shift, 0);
    EXPECT_EQ(timing_parameters(with({{"nested", "4k"}})).translation.nested_page_shift, 12);
    EXPECT_EQ(timing_parameters(with({{"nested", "1g"}})).translation.nested_page_shift, 30);
    EXPECT_THAT(error({{"nested", "4k"}, {"nested_page_shift", "13"}}).message,
                HasSubstr("translation.nested_page_shift: expected 12, 21 or 30"));
}

TEST_F(WhatIf, FiguresThatBelongTogetherAreCheckedWhenAllAreInPlace) {
    EXPECT_EQ(timing_parameters(with({{"l2.ways", "20"}, {"l2.kib", "1280"}})).hierarchy.l2.ways,
              20U);
    EXPECT_THAT(error({{"l2.ways", "12"}}).message, HasSubstr("no multiple of 12 ways"));
    EXPECT_THAT(error({{"l2.latency", "4"}}).message, HasSubstr("cache.l2.latency: expected more"));
}

TEST_F(WhatIf, SaysWhatIsWrong) {
    struct Mistake {
        Override what;
        const char* message;
    };
    const Mistake mistakes[] = {
        {{"cr3_wirte", "0"}, "no figure 'cr3_wirte'"},
        {{"", "0"}, "no figure ''"},
        {{"latency", "9"}, "several figures are called 'latency', such as execution."},
        {{"cr3_write", "-1"}, "privileged.cr3_write: expected a whole number from 0 to 1000000"},
        {{"cr3_write", "1.5"}, "not '1.5'"},
        {{"cr3_write", "nan"}, "not 'nan'"},
        {{"cr3_write", "12 "}, "not '12 '"},
        {{"cr3_write", ""}, "not ''"},
        {{"fault_forward", "some"}, "expected \"data\", \"zero\" or \"block\", not 'some'"},
        {{"load_ports", "23"}, "a set of ports such as \"p0156\""},
        {{"tlb", "big"}, "tlb: expected infinite, not 'big'"},
        {{"pcid", "on"}, "pcid: expected off, not 'on'"},
        {{"nested", "on"}, "nested: expected 4k, 2m or 1g, not 'on'"},
        {{"nested_page_shift", "12"}, "no figure 'nested_page_shift'"},
        {{"tlb.stlb_2m.entries", "16"}, "this processor has no figure 'tlb.stlb_2m.entries'"},
        {{"vulnerability.meltdown", "false"}, "no figure 'vulnerability.meltdown'"},
    };
    for (const Mistake& mistake : mistakes) {
        EXPECT_THAT(error({mistake.what}).message, HasSubstr(mistake.message)) << mistake.what.key;
    }
}

TEST_F(WhatIf, AnUnknownKeyComesWithTheKnownOnes) {
    const auto known = error({{"cr3_wirte", "0"}}).known;
    EXPECT_THAT(known, Contains("cr3_write"));
    EXPECT_THAT(known, Contains("privileged.cr3_write"));
    EXPECT_THAT(known, Contains("root-write"));
    EXPECT_THAT(error({{"cr3_write", "x"}}).known, IsEmpty()) << "the key is not at fault";
}

}  // namespace
}  // namespace ringfence::sim::presets
