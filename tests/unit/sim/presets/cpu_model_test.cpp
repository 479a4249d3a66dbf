// SPDX-License-Identifier: MIT
#include "sim/presets/cpu_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "arch/x86/vulnerability.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"

namespace ringfence::sim::presets {
namespace {

using arch::x86::CpuidResult;
using arch::x86::Msr;
namespace feature = arch::x86::cpuid_feature;

CpuModel preset(std::string_view name) {
    auto model = find_preset(name);
    EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error());
    return std::move(model).value();
}

/// A CPU model behind the access object that arch/ asks.
struct AsCpu {
    const CpuModel& model;
    [[nodiscard]] CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        return model.cpuid(leaf, subleaf);
    }
    [[nodiscard]] u64 read_msr(Msr msr) const { return model.read_msr(msr).value_or(0); }
};

class EveryPreset : public ::testing::TestWithParam<std::string_view> {
protected:
    CpuModel model_ = preset(GetParam());
};

TEST_P(EveryPreset, SoftwareRecognisesTheCpuThatTheFileDescribes) {
    const auto& description = model_.description();
    EXPECT_EQ(arch::x86::identify(AsCpu{model_}), description.identity);
    EXPECT_EQ(arch::x86::physical_address_bits(AsCpu{model_}), description.physical_address_bits);
    EXPECT_EQ(arch::x86::linear_address_bits(AsCpu{model_}), 48U);
    std::string brand;
    for (u32 leaf = 0x8000'0002; leaf <= 0x8000'0004; ++leaf) {
        const CpuidResult part = model_.cpuid(leaf, 0);
        brand.append(reinterpret_cast<const char*>(&part), sizeof(part));
    }
    EXPECT_STREQ(brand.c_str(), description.brand.c_str());
}

/// The kernel's pti=auto turns isolation on where this holds, as Linux does.
TEST_P(EveryPreset, SoftwareIsolatesWhereTheModelForwards) {
    constexpr std::array<std::string_view, 4> affected{"broadwell", "haswell", "nehalem",
                                                       "skylake-sp"};
    const bool expected = std::ranges::find(affected, GetParam()) != affected.end();
    EXPECT_EQ(arch::x86::meltdown_affected(AsCpu{model_}), expected);
    EXPECT_EQ(timing_parameters(model_).transience.supervisor_page == timing::Forward::Data,
              expected);
    EXPECT_EQ(arch::x86::vulnerabilities(AsCpu{model_}).l1tf,
              timing_parameters(model_).transience.terminal_fault);
}

TEST_P(EveryPreset, ShowsWhatLongModeNeedsAndHidesWhatTheMachineLacks) {
    for (const auto wanted : {feature::fpu, feature::msr, feature::pae, feature::cmpxchg8b,
                              feature::cmov, feature::fxsr, feature::sse, feature::sse2,
                              feature::syscall, feature::nx, feature::long_mode, feature::apic}) {
        EXPECT_TRUE(arch::x86::has(AsCpu{model_}, wanted)) << wanted.leaf << " " << wanted.index;
        EXPECT_TRUE(model_.has(wanted));
    }
    for (const auto hidden : {feature::osxsave, feature::ospke, feature::monitor,
                              feature::hypervisor, feature::rdrand, feature::la57}) {
        EXPECT_FALSE(arch::x86::has(AsCpu{model_}, hidden)) << hidden.leaf << " " << hidden.index;
        EXPECT_FALSE(model_.has(hidden));
    }
}

TEST_P(EveryPreset, HasTheVectorExtensionsOfItsGeneration) {
    for (const auto from_haswell_on : {feature::avx, feature::avx2, feature::fma, feature::f16c}) {
        EXPECT_EQ(model_.has(from_haswell_on), GetParam() != "nehalem");
    }
}

TEST_P(EveryPreset, ShowsTheApicThatItsCpuHas) {
    constexpr std::array<std::string_view, 2> without_x2apic{"nehalem", "zen2"};
    const bool intel = model_.description().identity.vendor == arch::x86::Vendor::Intel;
    EXPECT_NE(model_.has(feature::x2apic),
              std::ranges::find(without_x2apic, GetParam()) != without_x2apic.end());
    EXPECT_EQ(model_.has(feature::tsc_deadline), intel && GetParam() != "nehalem");
}

TEST(CpuModel, TellsItsMicrocodeWhereItsVendorDoes) {
    const auto revision = [](arch::x86::Vendor vendor) {
        CpuDescription description;
        description.identity.vendor = vendor;
        description.microcode = 0x1234;
        return CpuModel{std::move(description), Figures{}}.read_msr(Msr::IA32_BIOS_SIGN_ID);
    };
    EXPECT_EQ(revision(arch::x86::Vendor::Intel), u64{0x1234} << 32);
    EXPECT_EQ(revision(arch::x86::Vendor::Amd), 0x1234U);
}

TEST_P(EveryPreset, DescribesTheStateThatXsaveCanSave) {
    const bool keys = model_.has(feature::pku);
    constexpr u32 leaf = 0xd;
    if (!model_.has(feature::xsave)) {
        EXPECT_EQ(GetParam(), "nehalem");
        EXPECT_LT(model_.cpuid(0, 0).eax, leaf);
        EXPECT_EQ(model_.state_components(), 0U);
        return;
    }
    EXPECT_GE(model_.cpuid(0, 0).eax, leaf);
    const CpuidResult all = model_.cpuid(leaf, 0);
    EXPECT_EQ(all.eax, keys ? 0x207U : 7U);
    EXPECT_EQ(all.ecx, keys ? 840U : 832U);
    EXPECT_EQ(model_.cpuid(leaf, 1).eax & 1, model_.has(feature::xsaveopt) ? 1U : 0U);
    EXPECT_EQ(model_.cpuid(leaf, 9).eax, keys ? 8U : 0U);
    EXPECT_EQ(model_.cpuid(leaf, 9).ebx, keys ? 832U : 0U);
    EXPECT_EQ(model_.cpuid(leaf, 2).eax, 256U);
    EXPECT_EQ(model_.cpuid(leaf, 2).ebx, 576U);
    EXPECT_EQ(model_.cpuid(leaf, 3), CpuidResult{});
}

TEST_P(EveryPreset, LeavesBeyondTheHighestFollowTheVendorsRule) {
    const u32 highest = model_.cpuid(0, 0).eax;
    const bool intel = model_.description().identity.vendor == arch::x86::Vendor::Intel;
    EXPECT_EQ(model_.cpuid(highest + 1, 0), intel ? model_.cpuid(highest, 0) : CpuidResult{});
    EXPECT_EQ(model_.cpuid(0x8000'0009, 0), intel ? model_.cpuid(highest, 0) : CpuidResult{});
}

// Debian's dynamic linker asks for leaf 1 with whatever ECX holds.
TEST_P(EveryPreset, LeavesWithoutSubleavesIgnoreEcx) {
    for (const u32 leaf : {0U, 1U, 0x8000'0001U}) {
        EXPECT_EQ(model_.cpuid(leaf, 0x7fff'e678), model_.cpuid(leaf, 0)) << std::hex << leaf;
    }
    EXPECT_EQ(model_.cpuid(7, 1), CpuidResult{});
}

TEST_P(EveryPreset, CacheLeavesMultiplyToTheirSizes) {
    if (model_.description().identity.vendor != arch::x86::Vendor::Intel) {
        EXPECT_EQ(model_.cpuid(4, 0), CpuidResult{});
        return;
    }
    const char* const names[] = {"l1d", "l1i", "l2", "llc"};
    for (u32 i = 0; i < 4; ++i) {
        const CpuidResult leaf = model_.cpuid(4, i);
        const u64 ways = (leaf.ebx >> 22) + 1;
        const u64 line = (leaf.ebx & 0xfff) + 1;
        const u64 sets = u64{leaf.ecx} + 1;
        EXPECT_EQ(ways * line * sets,
                  static_cast<u64>(model_.figures().at(std::string{"cache."} + names[i] + ".kib")) *
                      1024);
    }
    EXPECT_EQ(model_.cpuid(4, 4).eax & 0x1f, 0U) << "the list ends";
}

TEST_P(EveryPreset, ClockLeavesGiveTheClockExactly) {
    const auto& description = model_.description();
    if (description.crystal_hz == 0) {
        EXPECT_LT(model_.cpuid(0, 0).eax, 0x15U);
        return;
    }
    const CpuidResult leaf = model_.cpuid(0x15, 0);
    EXPECT_EQ(u64{leaf.ecx} * leaf.ebx / leaf.eax, description.clock_hz);
    EXPECT_EQ(u64{leaf.ecx} * leaf.ebx % leaf.eax, 0U);
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryPreset, ::testing::ValuesIn(preset_names()),
                         [](const auto& info) {
                             std::string name{info.param};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(CpuModel, PcidFollowsTheHardware) {
    EXPECT_TRUE(preset("skylake-sp").has(feature::pcid));
    EXPECT_TRUE(preset("skylake-sp").has(feature::invpcid));
    EXPECT_FALSE(preset("nehalem").has(feature::pcid));
    EXPECT_FALSE(preset("zen2").has(feature::pcid));
    EXPECT_FALSE(preset("haswell").has(feature::smap));
    EXPECT_TRUE(preset("broadwell").has(feature::smap));
}

TEST(CpuModel, WithoutHidesFeaturesAndNothingElse) {
    const CpuModel whole = preset("skylake-sp");
    const CpuModel part = whole.without({feature::pcid, feature::invpcid});
    EXPECT_FALSE(part.has(feature::pcid));
    EXPECT_FALSE(part.has(feature::invpcid));
    EXPECT_TRUE(part.has(feature::smep));
    CpuidResult expected = whole.cpuid(1, 0);
    expected.ecx &= ~(1U << 17);
    EXPECT_EQ(part.cpuid(1, 0), expected);
}

TEST(CpuModel, ArchCapabilitiesExistOnlyWhereAnnounced) {
    EXPECT_FALSE(preset("skylake-sp").read_msr(Msr::IA32_ARCH_CAPABILITIES).has_value());
    const auto fixed = preset("cascadelake").read_msr(Msr::IA32_ARCH_CAPABILITIES);
    ASSERT_TRUE(fixed.has_value());
    EXPECT_EQ(*fixed & 1, 1U) << "RDCL_NO";
    EXPECT_FALSE(preset("zen2").read_msr(Msr::MSR_PLATFORM_INFO).has_value());
}

}  // namespace
}  // namespace ringfence::sim::presets
